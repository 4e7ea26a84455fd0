import pytest

from ringfence.policy.pointers import below, find, from_fragment, parts_of, pointer


def test_a_pointer_goes_there_and_back() -> None:
    assert pointer("paths", "/a~b", 0) == "/paths/~1a~0b/0"
    assert parts_of("/paths/~1a~0b/0") == ["paths", "/a~b", "0"]
    assert below("/x", 200) == "/x/200"
    assert from_fragment("#/a%20b") == "/a b"


def test_a_value_is_found_by_pointer() -> None:
    document = {"a": [{"b/c": 1}], 200: "integer key"}
    assert find(document, "/a/0/b~1c") == 1
    assert find(document, "/200") == "integer key"
    assert find(document, "") is document


@pytest.mark.parametrize("at", ["/a/1", "/a/x", "/b", "a", "/a/0/b~1c/d", "/a/-1"])
def test_nothing_is_nothing(at: str) -> None:
    with pytest.raises(KeyError):
        find({"a": [{"b/c": 1}]}, at)
