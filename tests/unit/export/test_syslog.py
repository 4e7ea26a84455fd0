import pytest

from ringfence.clock import Instant
from ringfence.export.line import Line
from ringfence.export.syslog import to_syslog


def line(text: str = "{}", **changed: object) -> Line:
    values = {"position": 1, "uid": "1-a", "kind": "login.decided", "at": Instant(1_800_000_000.25), "severity": 4}
    return Line(**(values | changed), text=text)


def test_a_message_in_its_frame() -> None:
    framed = to_syslog(line('{"a":"é"}'), "bank.example", 13)
    length, _, message = framed.partition(b" ")
    assert int(length) == len(message)
    expected = '<107>1 2027-01-15T08:00:00.250000Z bank.example ringfence - login.decided - {"a":"é"}'
    assert message.decode() == expected


@pytest.mark.parametrize(("severity", "priority"), [(1, 110), (2, 109), (3, 108), (4, 107), (5, 106)])
def test_severities(severity: int, priority: int) -> None:
    assert f"<{priority}>1 ".encode() in to_syslog(line(severity=severity), "h", 13)


def test_header_fields_cannot_break_the_header() -> None:
    framed = to_syslog(line(kind="a b\n" + "c" * 99), "bank example\r\n", 0)
    header = framed.decode().split(" {}")[0].split(" ")
    assert header[3:] == ["bankexample", "ringfence", "-", "ab" + "c" * 30, "-"]
    assert b" - ringfence " in to_syslog(line(), "\u00e9", 0)
