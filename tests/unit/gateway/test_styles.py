"""The table of OpenAPI 3.1.1 §4.8.12.4, row by row, and what is like it but not it."""

import pytest

from ringfence.gateway.styles import items, members, plain
from ringfence.problem import Reason, Refused

OBJECT = [("R", "100"), ("G", "200"), ("B", "150")]


@pytest.mark.parametrize(
    ("style", "raw", "value"),
    [("simple", "blue", "blue"), ("label", ".blue", "blue"), ("matrix", ";color=blue", "blue")],
)
def test_single_values(style: str, raw: str, value: str) -> None:
    assert plain(raw, style, "color", "path.color") == value


@pytest.mark.parametrize(
    ("style", "explode", "raw"),
    [
        ("simple", False, "blue,black,brown"),
        ("simple", True, "blue,black,brown"),
        ("form", False, "blue,black,brown"),
        ("spaceDelimited", False, "blue%20black%20brown"),
        ("spaceDelimited", False, "blue+black+brown"),
        ("pipeDelimited", False, "blue|black|brown"),
        ("pipeDelimited", False, "blue%7Cblack%7cbrown"),
        ("label", False, ".blue,black,brown"),
        ("label", True, ".blue.black.brown"),
        ("matrix", False, ";color=blue,black,brown"),
        ("matrix", True, ";color=blue;color=black;color=brown"),
    ],
)
def test_arrays(style: str, explode: bool, raw: str) -> None:
    found = items(raw, style, explode=explode, name="color", where="w")
    assert [text for text, _ in found] == ["blue", "black", "brown"]


@pytest.mark.parametrize(
    ("style", "explode", "raw"),
    [
        ("simple", False, "R,100,G,200,B,150"),
        ("simple", True, "R=100,G=200,B=150"),
        ("form", False, "R,100,G,200,B,150"),
        ("spaceDelimited", False, "R%20100%20G%20200%20B%20150"),
        ("pipeDelimited", False, "R|100|G|200|B|150"),
        ("label", False, ".R,100,G,200,B,150"),
        ("label", True, ".R=100.G=200.B=150"),
        ("matrix", False, ";color=R,100,G,200,B,150"),
        ("matrix", True, ";R=100;G=200;B=150"),
    ],
)
def test_objects(style: str, explode: bool, raw: str) -> None:
    found = members(raw, style, explode=explode, name="color", where="w")
    assert [(name, value) for (name, _), (value, _) in found] == OBJECT


@pytest.mark.parametrize(
    ("style", "explode", "raw"),
    [
        ("label", False, "blue"),
        ("label", True, "blue.black"),
        ("matrix", False, "color=blue"),
        ("matrix", False, ";colour=blue"),
        ("matrix", True, ";color=blue;colour=black"),
        ("matrix", True, ";color"),
    ],
)
def test_arrays_that_are_none(style: str, explode: bool, raw: str) -> None:
    with pytest.raises(Refused) as refused:
        items(raw, style, explode=explode, name="color", where="w")
    assert refused.value.reason is Reason.PARAMETER_INVALID


@pytest.mark.parametrize(
    ("style", "explode", "raw"),
    [
        ("simple", False, "R,100,G"),
        ("simple", False, "R,100,R,200"),
        ("simple", True, "R,100"),
        ("simple", True, "R=1,R=2"),
        ("matrix", True, ";R=1;G"),
        ("label", True, "R=1"),
    ],
)
def test_objects_that_are_none(style: str, explode: bool, raw: str) -> None:
    with pytest.raises(Refused) as refused:
        members(raw, style, explode=explode, name="color", where="w")
    assert refused.value.reason is Reason.PARAMETER_INVALID
