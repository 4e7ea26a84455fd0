import pytest

from ringfence.gateway.brackets import nested
from ringfence.problem import Reason, Refused


def test_names_nest() -> None:
    fields = {"a": ["1"], "b[c]": ["x%20y"], "b[d][e]": ["+"], "l[]": ["1", "2"], "m[0][k]": ["v"], "m[1][k]": ["w"]}
    assert nested(fields, "q") == {
        "a": "1",
        "b": {"c": "x y", "d": {"e": " "}},
        "l": ["1", "2"],
        "m": [{"k": "v"}, {"k": "w"}],
    }


def test_numbers_that_are_not_a_run_from_zero_are_names() -> None:
    assert nested({"a[1]": ["x"], "a[2]": ["y"]}, "q") == {"a": {"1": "x", "2": "y"}}


@pytest.mark.parametrize("name", ["[a]", "a[b", "a]b[", "a[[b]]", "a[b]c", "a[][b]", "a[b][c][d][e][f][g][h][i]", ""])
def test_brackets_that_can_be_read_two_ways_are_refused(name: str) -> None:
    with pytest.raises(Refused) as refused:
        nested({name: ["1"]}, "q")
    assert refused.value.reason is Reason.PARAMETER_INVALID


@pytest.mark.parametrize(
    "fields",
    [
        {"a": ["1"], "a[b]": ["2"]},
        {"a[b]": ["2"], "a": ["1"]},
        {"a[]": ["1"], "a[0]": ["2"]},
        {"a[b][c]": ["1"], "a[b]": ["2"]},
    ],
)
def test_one_member_has_one_shape(fields: dict[str, list[str]]) -> None:
    with pytest.raises(Refused):
        nested(fields, "q")


def test_a_repeated_single_value_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        nested({"a[b]": ["1", "2"]}, "q")
    assert refused.value.reason is Reason.PARAMETER_DUPLICATE
