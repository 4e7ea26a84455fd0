import json
from decimal import Decimal
from typing import Any

import pytest

from ringfence.problem import Reason, Refused
from ringfence.strict_json import MAX_EXPONENT, MAX_NUMBER_CHARACTERS, parse


def refused(body: bytes, max_depth: int = 32) -> Refused:
    with pytest.raises(Refused) as caught:
        parse(body, max_depth=max_depth)
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[]",
        "null",
        "true",
        '""',
        "0",
        "-0",
        ' \t\r\n{ "a" : [ 1 , 2 ] }\n',
        '{"a":{"a":{"a":1}},"b":{"a":2}}',
        '[{"a":1},{"a":1}]',
        '{"":1,"a":"\\"a\\":1","b":"{\\\\\\"","c":"\\\\"}',
        '{"a":"x\\\\","b":1}',
        '{"\\\\":1,"\\"":2,"\\\\\\"":3}',
        '{"k":"\\u0022","l":"\\u005c","m":"\\/\\b\\f\\n\\r\\t"}',
        '{"time":"12:30 : x","q":":","r":"\\":"}',
        '"\\ud83d\\ude00 \U0001f600 \u2028 \x7f"',
        '"\\u0000"',
        '{"é":1,"e\u0301":2}',
        "123456789012345678901234567890123456789012345678901234567890",
        "-9223372036854775809",
        '{"1":1,"1.0":2}',
    ],
)
def test_documents_with_one_meaning(text):
    assert parse(text.encode(), max_depth=32) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10.10", Decimal("10.10")),
        ("-0.0", Decimal("-0.0")),
        ("1e2", Decimal("1e2")),
        ("1E+2", Decimal("1e2")),
        ("0.1", Decimal("0.1")),
        ("0.30000000000000004", Decimal("0.30000000000000004")),
        ("12345678901234567890.123456789", Decimal("12345678901234567890.123456789")),
        (f"1e{MAX_EXPONENT}", Decimal(f"1e{MAX_EXPONENT}")),
        (f"1e-{MAX_EXPONENT}", Decimal(f"1e-{MAX_EXPONENT}")),
        ("0e999", Decimal("0e999")),
    ],
)
def test_numbers_are_exact(text, value):
    if text == "0e999":
        assert refused(text.encode()).reason is Reason.JSON_MALFORMED
        return
    parsed = parse(text.encode(), max_depth=1)
    assert (parsed, str(parsed), type(parsed)) == (value, str(value), Decimal)


def test_a_number_with_fraction_does_not_hide_a_duplicate():
    assert parse(b'{"a":1.5,"b":"1.5"}', max_depth=1) == {"a": Decimal("1.5"), "b": "1.5"}
    assert refused(b'{"a":1.5,"a":"1.5"}').reason is Reason.JSON_DUPLICATE_KEY


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        ('{"a":1,"a":1}', "/a"),
        ('{"a":1,"\\u0061":2}', "/a"),
        ('{"a":1,"b":2,"a":{}}', "/a"),
        ('{"a":{"b":1,"c":[0,{"d":1,"d":2}]}}', "/a/c/1/d"),
        ('[[],[{"x":1,"x":1}]]', "/1/0/x"),
        ('{"":1,"":2}', "/"),
        ('{"a/b~c":1,"a\\/b~c":2}', "/a~1b~0c"),
        ('{"\U0001f600":1,"\\ud83d\\ude00":2}', "/\U0001f600"),
        ('{"a":"b","a":"b"}', "/a"),
        ('{"a":"\\\\","a":"\\""}', "/a"),
        ('{"a":"\\"a\\":","a":1}', "/a"),
        ('{"a":":\\"","a":"\\u0022:"}', "/a"),
        ('{"a":{"x":1,"y":2},"a":{"x":1,"y":2,"z":3}}', "/a"),
        ('{"a":{"x":1,"x":2},"a":1}', "/a"),
    ],
)
def test_a_member_named_twice_is_refused_with_its_place(text, pointer):
    refusal = refused(text.encode())
    assert refusal.reason is Reason.JSON_DUPLICATE_KEY
    assert [fault.at for fault in refusal.faults] == [pointer]


def test_a_long_name_does_not_make_a_long_refusal():
    name = "n" * 5000
    assert len(refused(f'{{"{name}":1,"{name}":2}}'.encode()).detail) < 300


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"}",
        b"[1,]",
        b'{"a":1,}',
        b"{a:1}",
        b"{'a':1}",
        b'{"a" 1}',
        b"{1:1}",
        b"{}{}",
        b"{} x",
        b"01",
        b"1.",
        b".5",
        b"+1",
        b"-",
        b"1e",
        b"0x1",
        b"1_000",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"nan",
        b'{"a":NaN}',
        b"True",
        b"undefined",
        b"// comment\n{}",
        b'"\x00"',
        b'"\n"',
        b'"\t"',
        b'"\\x"',
        b'"\\u12"',
        b'"unfinished',
        b'"\xff"',
        b'"\xc0\x80"',
        b'"\xed\xa0\x80"',
        b'"\xf4\x90\x80\x80"',
        b'"\xe2\x82"',
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        "{}".encode("utf-16-be"),
        "{}".encode("utf-32-le"),
        b"\x00{}",
        b"{}\x00",
        b"\x0b{}",
        b"\xc2\xa0{}",
        b'"\\ud800"',
        b'"\\udc00"',
        b'"\\ud800\\u0041"',
        b'"\\udc00\\ud800"',
        b'"\\ud800\\ud800"',
        b'{"\\ud800":1}',
        b"1e401",
        b"1e-401",
        b"1e999999999",
        b"1e99999999999999999999999",
        b"0." + b"1" * (MAX_NUMBER_CHARACTERS + 1),
        b"9" * 5000,
    ],
)
def test_what_is_no_json_is_refused(body):
    assert refused(body).reason is Reason.JSON_MALFORMED


@pytest.mark.parametrize("depth", [1, 2, 32, 33, 100, 256])
@pytest.mark.parametrize(
    ("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]"), ('[1,"[[",', "]"), ('{"\\"{":', "}")]
)
def test_depth_is_exact(depth, opening, closing):
    levels = 2 if opening == '[{"a":' else 1
    body = (opening * depth + "1" + closing * depth).encode()
    assert parse(body, max_depth=depth * levels) == json.loads(body)
    assert refused(body, max_depth=depth * levels - 1).reason is Reason.JSON_TOO_DEEP


def test_breadth_is_not_depth():
    body = json.dumps([{"a": [], "b": {}, "c": "{["}] * 500).encode()
    assert parse(body, max_depth=3) == json.loads(body)
    assert refused(body, max_depth=2).reason is Reason.JSON_TOO_DEEP


@pytest.mark.parametrize("text", ['"[[[["', '["]","]","]","["]', '{"a":"}}}}","b":"{{{{","c":"\\"{{{"}'])
def test_brackets_in_strings_do_not_count(text):
    assert parse(text.encode(), max_depth=1) == json.loads(text)


def test_brackets_in_strings_do_not_hide_depth():
    body = b'["]",["]",["]",["]",[1]]]]]'
    assert refused(body, max_depth=4).reason is Reason.JSON_TOO_DEEP
    assert parse(body, max_depth=5)


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 100_000 + b"]" * 100_000])
def test_a_bomb_is_refused(body):
    assert refused(body).reason is Reason.JSON_TOO_DEEP


def test_nothing_but_scalars_fits_into_depth_0():
    assert parse(b"1", max_depth=0) == 1
    assert refused(b"{}", max_depth=0).reason is Reason.JSON_TOO_DEEP


def test_a_refusal_says_where_in_the_callers_terms():
    assert refused(b'{"a":1,}').detail == "trailing comma in object (byte 7)"
    assert refused(b'"\xff"').detail == "it is not UTF-8"
    assert refused(b"1e401").detail == "a number is out of range"


def test_types_are_those_that_the_schema_validator_takes():
    def types(value: Any) -> set[type]:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return {type(value)}.union(*(types(member) for member in inner))

    document = parse(b'{"a":[1,1.5,"x",null,true,{}]}', max_depth=4)
    assert types(document) == {dict, list, int, Decimal, str, type(None), bool}
