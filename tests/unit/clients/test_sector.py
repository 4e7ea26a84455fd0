import pytest

from ringfence.clients.sector import check_listed, sector_of
from ringfence.problem import Refused

CALLBACK = "https://a.example/cb"


def place(*arguments: object) -> str:
    with pytest.raises(Refused) as refused:
        sector_of(*arguments)  # type: ignore[arg-type]
    return refused.value.faults[0].at


def test_where_a_sector_comes_from() -> None:
    assert sector_of("public", "", (CALLBACK, "https://b.example/cb")) == ""
    assert sector_of("pairwise", "", (CALLBACK, "https://a.example:8443/other")) == "a.example"
    assert sector_of("pairwise", "s.example", (CALLBACK, "https://b.example/cb")) == "s.example"


@pytest.mark.parametrize(
    "uris", [(), (CALLBACK, "https://b.example/cb"), ("http://127.0.0.1/cb",), ("http://[::1]:5/cb",)]
)
def test_where_it_has_to_be_said(uris: tuple[str, ...]) -> None:
    assert place("pairwise", "", uris) == "/sector"


def test_a_sector_of_public_subjects_is_a_mistake() -> None:
    assert place("public", "s.example", (CALLBACK,)) == "/sector"


@pytest.mark.parametrize("listed", [None, {}, "x", [1], [CALLBACK + "x"], []])
def test_lists_that_do_not_hold_every_redirect_uri(listed: object) -> None:
    with pytest.raises(Refused) as refused:
        check_listed(listed, (CALLBACK,))
    assert refused.value.faults[0].at == "/sector_identifier_uri"


def test_a_list_that_does() -> None:
    check_listed(["https://x.example/", CALLBACK], (CALLBACK,))
