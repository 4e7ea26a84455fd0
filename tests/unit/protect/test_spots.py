from typing import Any

import pytest

from ringfence.policy.pointers import parts_of
from ringfence.protect.spots import MOST, Misfit, spots


def values(document: Any, at: str) -> list[Any]:
    return [spot.value for spot in spots(document, parts_of(at))]


def test_members_and_every_member_of_lists_are_found() -> None:
    document = {"a": [{"b": "1", "c/d": ["x", None]}, {"b": "2"}, {}, None], "e": None}
    assert values(document, "/a/*/b") == ["1", "2"]
    assert values(document, "/a/*/c~1d/*") == ["x"]
    assert values(document, "/e/f") == values(document, "/missing/f") == values(document, "/e") == []


@pytest.mark.parametrize("at", ["/a/b", "/a/0/b", "/a/*/*", "/f/*", "/f/g", "/a/*/b/c"])
def test_another_form_than_the_pointers_is_told(at: str) -> None:
    """Where a list stands for an object, the field could lie anywhere below it."""
    with pytest.raises(Misfit):
        values({"a": [{"b": "1"}], "f": "text"}, at)


def test_there_is_a_bound() -> None:
    assert len(values({"a": ["1"] * MOST}, "/a/*")) == MOST
    with pytest.raises(Misfit):
        values({"a": ["1"] * (MOST + 1)}, "/a/*")
    with pytest.raises(Misfit):
        values({"a": [{"b": "1"}] * (MOST + 1)}, "/a/*/b")


def test_what_is_put_stands_in_the_document() -> None:
    document = {"a": ["1", "2"]}
    for spot in spots(document, ["a", "*"]):
        spot.put(spot.value + "!")
    assert document == {"a": ["1!", "2!"]}
