"""What the edge refused by itself, as events: Envoy logs those calls, and each line becomes one.  RFC 9457.

A call that a worker answered is recorded there. The log holds the rest: what was no HTTP, too large, too
slow, on an unsafe path, or came while no worker could be reached.
"""

from pathlib import Path
from typing import Any, Final

import msgspec

from ringfence.clock import Instant
from ringfence.edge.replies import CORRELATION_HEADER, LOCAL, expression, reason_of, status_from, status_is
from ringfence.events.calls import CallDecided
from ringfence.protect.scan import without_numbers

LONGEST_PATH_TOLD: Final = 256
"""Characters of a path that an event keeps."""

_LEFT: Final = "downstream_"
"""Begins Envoy's details of calls that the caller gave up: where a worker had them, it records them."""
_NO_ANSWER: Final = 400
"""What a call counts as whose stream was reset without an answer (RFC 9113 §5.4.2)."""


class _Line(msgspec.Struct, frozen=True):
    at: str
    correlation: str | None = None
    status: int = 0
    details: str | None = None
    method: str | None = None
    path: str | None = None
    network: str | None = None
    worker: str | None = None


_decode: Final = msgspec.json.Decoder(_Line).decode


def refusal_log(path: Path) -> list[dict[str, Any]]:
    """Return the access log of a listener: one line of JSON for each call that no worker answered."""
    no_success = {"or_filter": {"filters": [status_from(400), status_is(0)]}}
    return [
        {
            "name": "envoy.access_loggers.file",
            # The number first: it spares good calls the expression.
            "filter": {"and_filter": {"filters": [no_success, expression(LOCAL)]}},
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
                "path": str(path),
                "log_format": {
                    "json_format": {
                        "at": "%START_TIME(%s.%6f)%",
                        "correlation": f"%RESP({CORRELATION_HEADER})%",
                        "status": "%RESPONSE_CODE%",
                        "details": "%RESPONSE_CODE_DETAILS%",
                        "method": "%REQ(:METHOD)%",
                        "path": f"%PATH(NQ):{LONGEST_PATH_TOLD}%",
                        "network": "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%",
                        "worker": "%UPSTREAM_HOST%",
                    }
                },
            },
        }
    ]


def read_refusal(line: bytes) -> CallDecided | None:
    """Return the event of a logged call; None where a worker records it or the line is not whole."""
    try:
        told = _decode(line)
        at = Instant(float(told.at))
    except (msgspec.DecodeError, ValueError):
        return None
    details = told.details or ""
    if told.worker is not None and (told.status == 0 or details.startswith(_LEFT)):
        return None
    status = told.status or _NO_ANSWER
    return CallDecided(
        at=at,
        correlation=told.correlation or "",
        trace="",
        allowed=False,
        status=status,
        reason=reason_of(status, details).value,
        private=f"edge: {details}",
        method=told.method or "",
        path=without_numbers((told.path or "")[:LONGEST_PATH_TOLD]),
        network=told.network or "",
    )
