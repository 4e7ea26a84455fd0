import struct

import pytest

from ringfence.audit.canonical import canonical, number

# RFC 8785, appendix B: the bits of a double, and how it is written.
NUMBERS = [
    ("0000000000000000", "0"), ("8000000000000000", "0"),
    ("0000000000000001", "5e-324"), ("8000000000000001", "-5e-324"),
    ("7fefffffffffffff", "1.7976931348623157e+308"), ("ffefffffffffffff", "-1.7976931348623157e+308"),
    ("4340000000000000", "9007199254740992"), ("c340000000000000", "-9007199254740992"),
    ("4430000000000000", "295147905179352830000"),
    ("44b52d02c7e14af5", "9.999999999999997e+22"), ("44b52d02c7e14af6", "1e+23"),
    ("44b52d02c7e14af7", "1.0000000000000001e+23"),
    ("444b1ae4d6e2ef4e", "999999999999999700000"), ("444b1ae4d6e2ef4f", "999999999999999900000"),
    ("444b1ae4d6e2ef50", "1e+21"),
    ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"), ("3eb0c6f7a0b5ed8d", "0.000001"),
    ("41b3de4355555553", "333333333.3333332"), ("41b3de4355555554", "333333333.33333325"),
    ("41b3de4355555555", "333333333.3333333"), ("41b3de4355555556", "333333333.3333334"),
    ("41b3de4355555557", "333333333.33333343"),
    ("becbf647612f3696", "-0.0000033333333333333333"), ("43143ff3c1cb0959", "1424953923781206.2"),
]  # fmt: skip


@pytest.mark.parametrize(("bits", "written"), NUMBERS)
def test_numbers_of_appendix_b(bits, written):
    (value,) = struct.unpack(">d", bytes.fromhex(bits))
    assert number(value) == written
    assert canonical({"a": [value]}).decode() == f'{{"a":[{written}]}}'


@pytest.mark.parametrize(
    "value", [0.0001, 0.00009999, 1e-5, 0.5, 2.0**52 + 0.5, 2.0**53 - 1, -0.1, -3.0, 1795000000.123]
)
def test_a_number_is_written_alike_whoever_writes_it(value):
    assert canonical(value).decode() == number(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_json_has_no_number_for_has_no_form(value):
    with pytest.raises(ValueError, match="no JSON"):
        canonical({"a": value})


def test_the_example_of_section_3_2_2():
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
        "literals": [None, True, False],
    }
    assert canonical(value).decode() == (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


def test_members_are_sorted_by_utf_16_units_as_in_section_3_2_3():
    value = {"\u20ac": "Euro", "\r": "CR", "\ufb33": "Dalet", "1": "One", "\U0001f600": "Smiley", "\x80": "C", "ö": "o"}
    assert canonical(value).decode() == (
        '{"\\r":"CR","1":"One","\x80":"C","ö":"o","€":"Euro","\U0001f600":"Smiley","\ufb33":"Dalet"}'
    )


def test_members_are_sorted_at_every_depth():
    inner = {"b": 1, "a": {"d": 2, "c": 3}}
    assert canonical({"ö": inner, "a": inner}).decode() == (
        '{"a":{"a":{"c":3,"d":2},"b":1},"ö":{"a":{"c":3,"d":2},"b":1}}'
    )


def test_empty_and_nested_values():
    assert canonical({"b": {}, "a": [], "c": ({"x": ()},)}) == b'{"a":[],"b":{},"c":[{"x":[]}]}'


@pytest.mark.parametrize("value", [2**53, -(2**53), "\ud800"])
def test_what_not_every_reader_sees_alike_has_no_form(value):
    with pytest.raises(ValueError):
        canonical([value])
    assert canonical(2**53 - 1) == b"9007199254740991"


def test_what_is_no_json_value_is_refused():
    with pytest.raises(TypeError):
        canonical({"a": b"bytes"})
