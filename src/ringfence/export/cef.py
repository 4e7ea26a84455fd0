"""An event in ArcSight's Common Event Format, version 0.

Header fields escape the backslash and the pipe, values of the extension the backslash, the equals sign and
line breaks. Any other character that is not printable is written by its number, so that no value can begin
another line, field or event.
"""

from collections.abc import Mapping
from typing import Any, Final

from ringfence.export.document import one_line, says_something
from ringfence.export.network import address_version
from ringfence.export.record import Origin, Record
from ringfence.export.row import Row, outcome_of
from ringfence.export.severity import SCALE_OF_TEN

PLACES: Final[Mapping[str, str]] = {
    "actor": "suser",
    "api": "destinationServiceName",
    "client": "sourceServiceName",
    "explanation": "msg",
    "method": "requestMethod",
    "path": "request",
    "private": "msg",
    "reason": "reason",
    "request_bytes": "in",
    "response_bytes": "out",
    "role": "sproc",
    "user": "suid",
    "why": "reason",
}
"""By field; a field that is not here has a key of our own, `Ringfence…`, as the format demands of such keys."""


def to_cef(record: Record, row: Row, origin: Origin) -> str:
    """Return the event as one line without its end."""
    outcome = outcome_of(record.fields)
    extension = {"rt": str(round(record.at * 1000)), "externalId": record.uid, "dvchost": origin.host}
    if outcome is not None:
        extension["outcome"] = "success" if outcome else "failure"
    for name, value in record.fields.items():
        if name != "at" and says_something(value):
            extension |= _pair(name, value)
    severity = SCALE_OF_TEN[row.severity.of(record.fields)]
    header = ("CEF:0", "Ringfence", "Ringfence", origin.version, record.tag, row.title)
    told = " ".join(f"{key}={escaped_value(text)}" for key, text in extension.items())
    return "|".join([header[0], *(escaped_header(text) for text in header[1:]), str(severity), told])


def _pair(name: str, value: Any) -> dict[str, str]:
    version = address_version(value) if name == "network" else 0
    if version == 4:  # noqa: PLR2004 - IPv4
        return {"src": value}
    if version == 6:  # noqa: PLR2004 - IPv6
        return {"c6a2": value, "c6a2Label": "Source IPv6 Address"}
    own = "Ringfence" + "".join(word.capitalize() for word in name.split("_"))
    return {PLACES.get(name, own): _text(value)}


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return one_line(value)


def escaped_header(text: str) -> str:
    """Return a header field's text: no pipe ends it, no character ends the line."""
    return _printable(text.replace("\\", "\\\\").replace("|", "\\|").replace("\r", " ").replace("\n", " "))


def escaped_value(text: str) -> str:
    """Return an extension value's text: no equals sign begins another key, no character ends the line."""
    text = text.replace("\\", "\\\\").replace("=", "\\=").replace("\r", "\\r").replace("\n", "\\n")
    return _printable(text)


def _printable(text: str) -> str:
    return text if text.isprintable() else "".join(c if c.isprintable() else f"\\\\u{ord(c):04x}" for c in text)
