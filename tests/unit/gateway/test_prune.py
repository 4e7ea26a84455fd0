import time
from typing import Any

from ringfence.gateway.prune import MOST_POINTERS, POINTER_CHARACTERS, escaped, take_away_at, undeclared


class Leafy:
    """Declares the member `a` at every depth, and items."""

    def member(self, name: str) -> Any:
        return self if name == "a" else False

    def item(self) -> Any:
        return self


def test_what_is_not_declared_goes_at_any_depth_in_time_that_grows_with_the_answer() -> None:
    document: dict[str, Any] = {"a": 1}
    for _ in range(900):
        document = {"a": document, "b": 1}
    started = time.perf_counter()
    found = undeclared(document, Leafy(), take_away=True)
    assert time.perf_counter() - started < 1
    assert found[0] == "/b"
    assert len(found) == MOST_POINTERS
    assert all(len(pointer) <= POINTER_CHARACTERS for pointer in found)
    while isinstance(document, dict):
        assert list(document) == ["a"]
        document = document["a"]


def test_looking_changes_nothing() -> None:
    document = [{"a": [{"b": 1}], "c/d~e\n": 1}]
    assert set(undeclared(document, Leafy(), take_away=False)) == {"/0/a/0/b", r"/0/c~1d~0e\n"}
    assert document == [{"a": [{"b": 1}], "c/d~e\n": 1}]


def test_a_member_is_taken_at_its_path() -> None:
    document = {"a": [{"b": 1}], "c": None}
    assert take_away_at(document, ["a", 0, "b"])
    assert take_away_at(document, ["c"])
    assert document == {"a": [{}]}
    for path in ([], ["a", 0], ["a", 5, "b"], ["x", "y"], ["a", 0, "b"], ["a", "b"]):
        assert not take_away_at(document, path)


def test_names_in_pointers() -> None:
    assert escaped("a/b~c") == "a~1b~0c"
    assert escaped("a\r\nb") == r"a\r\nb"
