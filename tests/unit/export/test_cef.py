import re

import pytest

from ringfence.events import CallDecided, LoginDecided
from ringfence.export.cef import PLACES, escaped_header, escaped_value, to_cef
from ringfence.export.record import Record, read_record
from ringfence.export.row import Row
from ringfence.export.table import row_of
from tests.whole_events import KINDS, ORIGIN, full, record_of, stored

HOSTILE = "a|b\\c=d\r\nCEF:0|Evil|x|1|x|x|10|act=allowed\x00\x1b[31m\u2028\u0085 e=f\\"


def exported(record: Record) -> str:
    return to_cef(record, row_of(record.tag), ORIGIN)


def parsed(line: str) -> tuple[list[str], dict[str, str]]:
    """Read a line as a collector does: the header by unescaped pipes, the extension by unescaped equals signs."""
    assert "\n" not in line
    assert "\r" not in line
    *header, rest = re.split(r"(?<!\\)(?:\\\\)*\|", line, maxsplit=7)
    keys = list(re.finditer(r"(?:^| )([A-Za-z0-9_]+)=", rest))
    values = {}
    for key, following in zip(keys, [*keys[1:], None], strict=True):
        raw = rest[key.end() : following.start() if following else len(rest)]
        values[key[1]] = re.sub(r"\\(.)", lambda m: {"n": "\n", "r": "\r"}.get(m[1], m[1]), raw)
    return header, values


@pytest.mark.parametrize("kind", KINDS)
def test_no_field_is_lost(kind: type) -> None:
    record = read_record(stored(full(kind)))
    header, values = parsed(exported(record))
    assert header[:5] == ["CEF:0", "Ringfence", "Ringfence", "0.1.0", record.tag]
    assert values["rt"] == str(round(record.at * 1000))
    for name, value in record.fields.items():
        if name == "at":
            continue
        key = PLACES.get(name, "Ringfence" + "".join(w.capitalize() for w in name.split("_")))
        texts = value if isinstance(value, list) else [str(value).lower() if isinstance(value, bool) else str(value)]
        assert all(text in values[key] for text in texts), name


@pytest.mark.parametrize("kind", KINDS)
def test_no_two_fields_of_an_event_have_one_key(kind: type) -> None:
    keys = [PLACES[name] for name in kind.__struct_fields__ if name in PLACES]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("name", ["path", "private", "reason", "client", "method", "user", "api", "network"])
def test_no_value_can_forge_a_line_a_key_or_an_event(name: str) -> None:
    line = exported(record_of(CallDecided, **{name: HOSTILE}))
    assert line.isprintable()
    assert len(line.splitlines()) == 1
    _, values = parsed(line)
    plain = parsed(exported(record_of(CallDecided)))[1]
    assert values.keys() == plain.keys()
    assert "act" not in values
    assert values.get("outcome") == "success"
    key = PLACES.get(name, f"Ringfence{name.capitalize()}")
    assert values[key].startswith("a|b\\c=d\r\nCEF:0|Evil|x|1|x|x|10|act=allowed")
    assert values[key].endswith("e=f\\")


def test_the_header_cannot_be_ended_by_a_text() -> None:
    assert escaped_header("a|b\\|c\r\nd\x07") == "a\\|b\\\\\\|c  d\\\\u0007"
    assert escaped_value("a=b\\n\n") == "a\\=b\\\\n\\n"
    row = row_of("login.decided.v1")
    hostile = Row("a|9|x=y\n", row.severity, row.ocsf, row.ecs)
    line = to_cef(record_of(LoginDecided), hostile, ORIGIN)
    assert line.isprintable()
    assert parsed(line)[0][6] == "1"


def test_addresses() -> None:
    for network, expected in (
        ("192.0.2.1", {"src": "192.0.2.1"}),
        ("2001:db8::1", {"c6a2": "2001:db8::1", "c6a2Label": "Source IPv6 Address"}),
        ("2001:db8::/64", {"RingfenceNetwork": "2001:db8::/64"}),
    ):
        assert expected.items() <= parsed(exported(record_of(CallDecided, network=network)))[1].items()
