import io
import json
import logging
from pathlib import Path

import pytest
import structlog

from ringfence.secret import Secret
from ringfence.telemetry import (
    REDACTED,
    begin_trace,
    configure_logging,
    in_share,
    read_traceparent,
    redact,
    sampled_here,
)

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def ones(count):
    return b"\x11" * count


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (f"00-{TRACE}-{SPAN}-01", (TRACE, SPAN, True)),
        (f"00-{TRACE}-{SPAN}-00", (TRACE, SPAN, False)),
        (f"00-{TRACE}-{SPAN}-02", (TRACE, SPAN, False)),
        (f"cc-{TRACE}-{SPAN}-01-what-the-future-brings", (TRACE, SPAN, True)),
        (f"00-{TRACE}-{SPAN}-01-more", None),
        (f"ff-{TRACE}-{SPAN}-01", None),
        (f"00-{'0' * 32}-{SPAN}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"00-{TRACE.upper()}-{SPAN}-01", None),
        (f"00-{TRACE}-{SPAN}", None),
        (f"cc-{TRACE}-{SPAN}-01.x", None),
        ("", None),
        ("garbage", None),
    ],
)
def test_a_traceparent_is_read_or_ignored(value, expected):
    assert read_traceparent(value) == expected


def test_a_callers_trace_is_continued_with_a_span_of_ours():
    trace = begin_trace(f"00-{TRACE}-{SPAN}-01", ones)
    assert (trace.trace_id, trace.parent_id, trace.sampled) == (TRACE, SPAN, True)
    assert trace.traceparent() == f"00-{TRACE}-{'11' * 8}-01"


@pytest.mark.parametrize("value", [None, "", "garbage"])
def test_without_one_a_trace_begins(value):
    trace = begin_trace(value, ones)
    assert (trace.trace_id, trace.span_id, trace.parent_id, trace.sampled) == ("11" * 16, "11" * 8, "", False)


@pytest.mark.parametrize(
    ("random_part", "share", "expected"),
    [("f" * 14, 0.001, True), ("0" * 14, 0.999, False), ("0" * 14, 1.0, True), ("7" + "f" * 13, 0.5, False),
     ("8" + "0" * 13, 0.5, True), ("f" * 14, 0.0, False)],
)  # fmt: skip
def test_a_trace_falls_into_a_share_by_the_random_part_of_its_id(random_part, share, expected):
    assert in_share("f" * 18 + random_part, share) is in_share("0" * 18 + random_part, share) is expected


def test_the_share_decides_of_traces_that_began_here_and_of_no_other():
    ours = begin_trace(None, lambda count: b"\xff" * count)
    assert [sampled_here(ours, share).sampled for share in (0.0, 0.5)] == [False, True]
    assert not sampled_here(begin_trace(None, lambda count: b"\x01" * count), 0.5).sampled
    for flags, kept in (("00", False), ("01", True)):
        assert sampled_here(begin_trace(f"00-{'f' * 32}-{SPAN}-{flags}", ones), 1.0).sampled is kept


def test_secrets_are_left_out_at_every_depth():
    told = redact({"a": [{"Authorization": "DPoP x"}, {"Set-Cookie": "y"}], "password": {"b": 1}, "client_id": "c"})
    assert told == {
        "a": [{"Authorization": REDACTED}, {"Set-Cookie": REDACTED}],
        "password": REDACTED,
        "client_id": "c",
    }
    assert redact(("x", Secret("hunter2"))) == ["x", "<secret>"]


@pytest.fixture
def log():
    stream = io.StringIO()
    before = logging.getLogger().handlers[:]
    yield stream
    structlog.reset_defaults()
    logging.basicConfig(handlers=before or None, force=True)


def test_a_line_is_one_json_object_with_role_and_time(log):
    configure_logging("gateway", stream=log, clock=lambda: 0.5)
    structlog.get_logger("ringfence.gateway").warning("broke", token="abc", why=OSError("no"), at_all=b"\xff")
    line = json.loads(log.getvalue())
    assert line == {
        "event": "broke", "level": "warning", "role": "gateway", "token": REDACTED,
        "at": "1970-01-01T00:00:00.500+00:00", "why": "OSError('no')", "at_all": line["at_all"],
    }  # fmt: skip


def test_levels_exceptions_and_the_libraries_log(log):
    configure_logging("gateway", level="info", stream=log)
    logger = structlog.get_logger("ringfence.gateway")
    logger.debug("too quiet")
    try:
        int("inner")
    except ValueError:
        logger.exception("caught")
    logging.getLogger("asyncio").error("from %s", "below", extra={"password": "x"})
    logging.getLogger("asyncio").info("too quiet")
    caught, below = [json.loads(line) for line in log.getvalue().splitlines()]
    assert "ValueError: invalid literal" in caught["exception"]
    assert (below["event"], below["logger"], below["level"]) == ("from below", "asyncio", "error")


def test_a_log_that_cannot_be_written_breaks_nothing(tmp_path):
    gone = (tmp_path / "log").open("w")
    configure_logging("gateway-0", stream=gone)
    gone.close()
    structlog.get_logger().error("lost")
    logging.getLogger("library").error("lost too")
    full = Path("/dev/full").open("w")  # noqa: SIM115 - closing it fails, as everything on it does
    configure_logging("gateway-0", stream=full)
    structlog.get_logger().error("lost")
    with pytest.raises(OSError, match="No space"):
        full.close()
