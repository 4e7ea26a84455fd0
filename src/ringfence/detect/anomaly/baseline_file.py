"""What is usual, as a file: a line of JSON that says what it is, then the state that it is the hash of."""

import hashlib
from typing import Final

import msgspec

from ringfence.detect.anomaly.detector import AnomalyDetector

VERSION: Final = 1
"""Of the state's form: another one cannot be read."""
MOST_HEADER: Final = 1_024


class Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a file says of itself."""

    version: int
    sha256: str
    """Of what follows the line, in hex."""
    trained_from: float
    """Seconds since 1970, as the next."""
    trained_until: float
    entities: int


class InvalidBaseline(ValueError):
    """The file cannot be used; the message says why."""


def packed(detector: AnomalyDetector) -> bytes:
    """Return the file of what a detector knows."""
    body = detector.snapshot()
    status = detector.status()
    header = Header(
        version=VERSION,
        sha256=hashlib.sha256(body).hexdigest(),
        trained_from=detector.trained_from(),
        trained_until=float(status.at),
        entities=status.entities,
    )
    return msgspec.json.encode(header) + b"\n" + body


def header_of(data: bytes) -> Header:
    """Return what a file says of itself, which its content bears out.  Raises InvalidBaseline."""
    line, _, body = data.partition(b"\n")
    try:
        header = msgspec.json.decode(line[:MOST_HEADER], type=Header)
    except msgspec.MsgspecError as error:
        raise InvalidBaseline(f"it does not begin as a baseline does: {error}") from error
    if header.version != VERSION:
        raise InvalidBaseline(f"it has version {header.version}, and this is version {VERSION}")
    if hashlib.sha256(body).hexdigest() != header.sha256:
        raise InvalidBaseline("its content is not what its first line says")
    return header


def load_into(data: bytes, detector: AnomalyDetector) -> Header:
    """Have a detector, which knows nothing yet, go on from a file.  Raises InvalidBaseline."""
    header = header_of(data)
    try:
        detector.restore(data.partition(b"\n")[2])
    except (msgspec.MsgspecError, ValueError, TypeError, IndexError, KeyError, AttributeError) as error:
        raise InvalidBaseline(f"its content cannot be read: {error!r}") from error
    return header
