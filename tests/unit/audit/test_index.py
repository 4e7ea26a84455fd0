import pytest
from logs import NOW, call

from ringfence.audit.index import Wanted, open_index, read_head, search
from ringfence.audit.log import INDEX


@pytest.fixture
def index(running):
    running.grow([call(n) for n in range(40)])
    running.grow([call(n, allowed=False, status=401, reason="token-missing", client="") for n in range(40, 45)])
    connection = open_index(running.directory / INDEX)
    yield connection
    connection.close()


def test_the_head_is_that_of_the_log(running, index):
    assert read_head(index) == running.log.head


def test_a_new_index_has_no_head(tmp_path):
    connection = open_index(tmp_path / "index.db")
    assert read_head(connection) is None
    connection.close()
    assert (tmp_path / "index.db").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        (Wanted(), list(range(44, -1, -1))),
        (Wanted(reason="token-missing"), [44, 43, 42, 41, 40]),
        (Wanted(client="client_1", grant="grant_0"), [28, 7]),
        (Wanted(correlation=call(9).correlation), [9]),
        (Wanted(kind="role.exited.v1"), []),
        (Wanted(since=NOW + 0.395), [44, 43, 42, 41, 40]),
        (Wanted(since=NOW + 0.1, until=NOW + 0.12), [12, 11, 10]),
        (Wanted(client="' OR 1=1 --"), []),
    ],
)
def test_search_finds_the_newest_first(index, wanted, places):
    assert search(index, wanted, 100) == places
    assert search(index, wanted, 2) == places[:2]


def test_search_by_person_goes_by_the_key(running, index):
    key = running.persons.key_of("user_3") or ""
    assert search(index, Wanted(person=key), 3) == [43, 38, 33]


def test_pages_go_on_before_a_place(index):
    assert search(index, Wanted(), 2, before=10) == [9, 8]
    assert search(index, Wanted(), 2, before=0) == []
