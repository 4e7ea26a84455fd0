"""A line as a syslog message, framed by its length.  RFC 5424 §6; RFC 6587 §3.4.1; RFC 5425 §4.3."""

from datetime import UTC, datetime
from typing import Final

from ringfence.export.line import Line
from ringfence.export.severity import SYSLOG

LONGEST_HOST: Final = 255
LONGEST_MSGID: Final = 32


def to_syslog(line: Line, host: str, facility: int) -> bytes:
    """Return the message in its frame.

    Its text carries no byte order mark: it is MSG-ANY (§6.4), as collectors of CEF and JSON expect.
    """
    stamp = datetime.fromtimestamp(line.at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    priority = facility * 8 + SYSLOG[line.severity]
    header = f"<{priority}>1 {stamp} {_name(host, LONGEST_HOST)} ringfence - {_name(line.kind, LONGEST_MSGID)} -"
    message = f"{header} {line.text}".encode()
    return b"%d %b" % (len(message), message)


def _name(text: str, longest: int) -> str:
    """Return a header field: printable ASCII without spaces, or the nil value.  RFC 5424 §6."""
    return "".join(c for c in text if "!" <= c <= "~")[:longest] or "-"
