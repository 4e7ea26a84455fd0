"""Trace context and the processes' own log.  W3C Trace Context §3.2.

The log is for operators: one JSON object a line on stderr. What happened to calls is in the events.
"""

import contextlib
import logging
import re
import sys
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from typing import Any, Final, TextIO, cast

import msgspec
import structlog

from ringfence.clock import Clock, system_clock
from ringfence.ids import Random
from ringfence.message import TraceContext
from ringfence.secret import Secret

_TRACEPARENT: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_NO_TRACE: Final = "0" * 32
_NO_SPAN: Final = "0" * 16
_SPAN_BYTES: Final = 8
_RANDOM_HEX: Final = 14
"""The rightmost 7 bytes of a trace id are its random part (Level 2 §3.2.2.5.2)."""
_TRACE_BYTES: Final = 16

REDACTED: Final = "<redacted>"
SECRET_KEYS: Final = frozenset(
    {
        "access_token",
        "assertion",
        "authorization",
        "client_assertion",
        "client_secret",
        "code",
        "code_verifier",
        "cookie",
        "dpop",
        "id_token",
        "key_pem",
        "login",
        "nonce",
        "password",
        "private_key",
        "proof",
        "refresh_token",
        "request_uri",
        "secret",
        "set-cookie",
        "set_cookie",
        "token",
    }
)
"""Keys whose values never reach the log, at whatever depth."""


def read_traceparent(value: str) -> tuple[str, str, bool] | None:
    """Return trace id, parent id and the sampled flag, or None for what must be ignored (§3.2.2)."""
    match = _TRACEPARENT.fullmatch(value)
    if match is None:
        return None
    version, trace, parent, flags, rest = match.groups()
    if version == "ff" or (version == "00" and rest) or trace == _NO_TRACE or parent == _NO_SPAN:
        return None
    return trace, parent, bool(int(flags, 16) & 1)


def begin_trace(traceparent: str | None, random: Random) -> TraceContext:
    """Return the context of a call: the caller's trace with a span of ours, or a trace of our own (§3.4)."""
    read = read_traceparent(traceparent) if traceparent else None
    if read is None:
        drawn = random(_TRACE_BYTES + _SPAN_BYTES).hex()
        return TraceContext(drawn[: 2 * _TRACE_BYTES], drawn[2 * _TRACE_BYTES :], sampled=False)
    trace, parent, sampled = read
    return TraceContext(trace, random(_SPAN_BYTES).hex(), sampled, parent)


def in_share(trace_id: str, share: float) -> bool:
    """Say whether a trace is among the recorded ones: by its id alone, so that all who look at it agree.

    Args:
        trace_id: 32 hexadecimal digits.
        share: from 0 (none) to 1 (all); what falls into a share falls into every larger one.
    """
    return int(trace_id[-_RANDOM_HEX:], 16) >= (1.0 - share) * (1 << 4 * _RANDOM_HEX)


def sampled_here(trace: TraceContext, share: float) -> TraceContext:
    """Return the context with the sampled flag where the trace began here and falls into the share.

    What the caller decided of its own trace stays (§3.2.2.5.1).
    """
    if trace.parent_id or not share or not in_share(trace.trace_id, share):
        return trace
    return msgspec.structs.replace(trace, sampled=True)


def redact(value: Any) -> Any:
    """Return a copy of a log value without what must not be in a log."""
    if isinstance(value, dict):
        return {
            str(k): REDACTED if str(k).lower().replace("-", "_") in _SECRET_KEYS else redact(v)
            for k, v in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item) for item in value]
    if isinstance(value, Secret):
        return str(value)
    return value


_SECRET_KEYS: Final = frozenset(key.replace("-", "_") for key in SECRET_KEYS)


class _Unbroken:
    """A stream whose loss costs lines and nothing else: no call fails because a log's disk is full."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except (OSError, ValueError):  # full, gone, or closed
            return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


def configure_logging(
    role: str, *, level: str = "info", stream: TextIO | None = None, clock: Clock = system_clock
) -> None:
    """Send this process's log, and that of the libraries it uses, to `stream` (stderr) as JSON lines.

    Args:
        role: stands in every line.
        level: the lowest level that is written: debug, info, warning, error.
        stream: where to, for tests.
        clock: dates the lines.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    out = cast("TextIO", _Unbroken(stream or sys.stderr))
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        _stamp(role, clock),
        structlog.processors.format_exc_info,
        _redacted,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(serializer=_json)],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=out),
        cache_logger_on_first_use=stream is None,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared[:-1], structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _redacted,
                structlog.processors.JSONRenderer(serializer=_json),
            ],
        )
    )
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[handler], force=True)


def _stamp(role: str, clock: Clock) -> Callable[[Any, str, MutableMapping[str, Any]], MutableMapping[str, Any]]:
    def processor(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["role"] = role
        event["at"] = datetime.fromtimestamp(clock(), UTC).isoformat(timespec="milliseconds")
        return event

    return processor


def _redacted(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    cleaned: MutableMapping[str, Any] = redact(dict(event))
    return cleaned


def _json(event: Any, **_: Any) -> str:
    return msgspec.json.encode(event, enc_hook=repr).decode()
