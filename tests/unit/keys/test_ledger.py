import sqlite3
import stat
from contextlib import closing

import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.keys.forms import FORMS
from ringfence.keys.ledger import Ledger
from ringfence.keys.purposes import Kind
from ringfence.keys.records import DataKeyRecord, Journey, KeyRecord, Used, Wish
from ringfence.keys.states import State
from ringfence.store.interface import Unavailable

NOW = Instant(1_800_000_000.0)


def key(name: str, **changes) -> KeyRecord:
    known = KeyRecord(
        key_id=name,
        kid=f"kid-{name}",
        purpose="data",
        kind=Kind.AES256,
        provider="local",
        handle=b"handle of " + name.encode(),
        public=b"",
        state=State.ACTIVE,
        created_at=NOW,
        activate_at=NOW,
    )
    return msgspec.structs.replace(known, **changes)


def data_key(name: str, under: str, **changes) -> DataKeyRecord:
    known = DataKeyRecord(
        data_key=name, key_id=under, wrapped=b"w-" + name.encode(), tenant="t", field="/f", subject="s", created_at=NOW
    )
    return msgspec.structs.replace(known, **changes)


@pytest.fixture
def ledger(tmp_path) -> Ledger:
    return Ledger(tmp_path / "signer.db")


def add(ledger: Ledger, *keys: KeyRecord) -> None:
    with ledger.change():
        for one in keys:
            ledger.add_key(one, "test")


def test_what_is_written_is_read_after_a_restart_and_the_file_is_its_owners(ledger, tmp_path):
    add(ledger, key("a"))
    ledger.add_data_keys([data_key("d", "a")])
    ledger.close()
    again = Ledger(tmp_path / "signer.db")
    assert again.key("a") == again.key("kid-a") == key("a")
    assert again.data_key("d") == data_key("d", "a")
    assert again.key("b") is again.data_key("x") is None
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def test_a_purpose_has_one_key_in_force(ledger):
    add(ledger, key("a"))
    for state in (State.ACTIVE, State.SUSPENDED):
        with pytest.raises(Unavailable):
            add(ledger, key("b", state=state))
    assert ledger.key("b") is None
    add(ledger, key("b", state=State.PRE_ACTIVATION), key("c", purpose="token"))


def test_a_change_that_fails_changes_nothing(ledger):
    with pytest.raises(Unavailable):
        add(ledger, key("a"), key("a"))
    assert ledger.keys() == []


def test_a_state_changes_only_from_the_one_it_was_seen_in(ledger):
    add(ledger, key("a"))
    with ledger.change():
        assert not ledger.replace_key(key("a", state=State.DEACTIVATED), State.SUSPENDED, "test", NOW)
        assert ledger.replace_key(key("a", state=State.DEACTIVATED, uses=5), State.ACTIVE, "test", NOW)
    found = ledger.key("a")
    assert found is not None
    assert (found.state, found.uses) == (State.DEACTIVATED, 0)


def test_a_destroyed_key_leaves_no_bytes_of_its_handle_in_any_file(ledger, tmp_path):
    add(ledger, key("a", handle=b"SECRET-HANDLE" * 20))
    assert any(b"SECRET-HANDLE" in path.read_bytes() for path in tmp_path.iterdir())
    ledger.end_key(key("a", state=State.DESTROYED), State.ACTIVE, "test", NOW)
    assert not any(b"SECRET-HANDLE" in path.read_bytes() for path in tmp_path.iterdir())


def test_a_forgotten_data_key_leaves_no_bytes_either(ledger, tmp_path):
    add(ledger, key("a"))
    ledger.add_data_keys([data_key("d", "a", wrapped=b"WRAPPED-KEY" * 20)])
    assert ledger.forget_data_key("d")
    assert not ledger.forget_data_key("d")
    assert not any(b"WRAPPED-KEY" in path.read_bytes() for path in tmp_path.iterdir())


def test_leases_and_uses_add_up(ledger):
    add(ledger, key("a"))
    assert (ledger.lease("a", 100), ledger.lease("a", 100)) == (100, 200)
    ledger.add_uses([Used("a", "oauth", "sign", 3, NOW, Instant(NOW + 1))])
    ledger.add_uses([Used("a", "oauth", "sign", 4, Instant(NOW + 2), Instant(NOW + 3))])
    assert ledger.uses("a") == [Used("a", "oauth", "sign", 7, NOW, Instant(NOW + 3))]


def test_wrapping_anew_touches_what_the_old_key_still_wraps(ledger):
    add(ledger, key("a", state=State.DEACTIVATED), key("b"), key("c", purpose="other"))
    ledger.add_data_keys([data_key(f"d{n}", "a") for n in range(5)] + [data_key("x", "c")])
    ledger.begin_journey(journey("j"))
    first = ledger.data_keys_under("a", "", 2)
    assert [one.data_key for one in first] == ["d0", "d1"]
    assert ledger.rewrap("a", "b", [("d0", b"new"), ("x", b"new"), ("gone", b"new")], "j") == 1
    assert ledger.data_key("d0") == data_key("d0", "b", wrapped=b"new")
    assert ledger.data_key("x") == data_key("x", "c")
    found = ledger.journey("j")
    assert found is not None
    assert found.rewrapped == 1
    assert [one.data_key for one in ledger.data_keys_under("a", "d1", 9)] == ["d2", "d3", "d4"]
    assert ledger.key("b").uses == 1


def journey(name: str) -> Journey:
    return Journey(
        journey_id=name,
        purpose="data",
        old="a",
        new="b",
        kind=Kind.AES256,
        provider="local",
        end_as=State.DEACTIVATED,
        activate_at=NOW,
        why="test",
        started_at=NOW,
    )


def test_a_purpose_has_one_journey_at_a_time(ledger):
    ledger.begin_journey(journey("j"))
    with pytest.raises(Unavailable):
        ledger.begin_journey(journey("k"))
    ledger.end_journey("j", NOW)
    ledger.begin_journey(journey("k"))
    assert [one.journey_id for one in ledger.journeys()] == ["j", "k"]
    assert [one.journey_id for one in ledger.journeys(unfinished=True)] == ["k"]


def test_counts_by_tenant_and_field(ledger):
    add(ledger, key("a"))
    ledger.add_data_keys(
        [
            data_key("d1", "a"),
            data_key("d2", "a", subject=""),
            data_key("d3", "a", subject="z", created_at=Instant(NOW + 5)),
            data_key("d4", "a", tenant="u"),
        ]
    )
    rows = ledger.count_under("a")
    assert [(row["tenant"], row["data_keys"], row["subjects"]) for row in rows] == [("t", 3, 2), ("u", 1, 1)]
    assert rows[0]["last_at"] == NOW + 5


def test_another_versions_file_is_not_touched(tmp_path):
    path = tmp_path / "signer.db"
    Ledger(path).close()
    with sqlite3.connect(path) as database:
        database.execute("pragma user_version=99")
    with pytest.raises(Unavailable, match="another version"):
        Ledger(path)


def test_a_file_that_is_no_ledger(tmp_path):
    path = tmp_path / "signer.db"
    path.write_bytes(b"no database" * 100)
    with pytest.raises(Unavailable):
        Ledger(path)


def test_a_ledger_of_the_first_form_is_taken_over(tmp_path):
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as database:
        for statement in FORMS[0].split(";"):
            database.execute(statement)
        database.execute(
            "insert into keys values ('a', 'kid-a', 'data', 'A256GCM', 'local', x'00', x'', 'active', 1, 1, 1, null, null, 0, '')"
        )
        database.execute("insert into wishes values ('w', 'a', 'leaked', 'uid:1', 1, 2, '', null)")
        database.execute("insert into uses values ('a', 'oauth', 'sign', 7, 1, 2)")  # told in its time
        database.execute("pragma user_version=1")
        database.commit()
    for _ in range(2):
        ledger = Ledger(path)
        (wish,) = ledger.wishes()
        assert (wish.wish_id, wish.tenant, wish.shredded) == ("w", "", 0)
        assert ledger.shreddings() == []
        assert [one.count for one in ledger.uses("a")] == [7]
        assert ledger.untold_uses() == []
        ledger.close()


def test_shredding_is_once_for_a_wish_and_leaves_names_only(ledger):
    add(ledger, key("a"))
    ledger.add_data_keys([data_key(f"d{n}", "a", tenant=tenant) for n, tenant in enumerate(("t", "t", "u"))])
    wish = Wish(wish_id="w", key_id="a", why="", asked_by="uid:1", asked_at=NOW, expires_at=NOW, tenant="t")
    ledger.add_wish(wish)
    ended = [(msgspec.structs.replace(key("a"), state=State.DEACTIVATED), State.ACTIVE)]
    assert ledger.shred(wish, ended, "uid:1+uid:2", NOW) == 2
    assert ledger.shred(wish, ended, "uid:1+uid:2", NOW) is None
    assert [ledger.is_shredded(f"d{n}") for n in range(4)] == [True, True, False, False]
    assert [ledger.data_key(f"d{n}") is None for n in range(3)] == [True, True, False]
    assert ledger.key("a").state is State.DEACTIVATED
    assert [(one.wish_id, one.shredded, one.done_at) for one in ledger.shreddings()] == [("w", 2, NOW)]
    assert ledger.count_of("u") == [{"field": "/f", "data_keys": 1}]
