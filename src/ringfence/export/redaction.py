"""Take out of an event what the policy lets not leave: a keyed hash (RFC 2104) in its place, or nothing."""

import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec

from ringfence.export.classes import FIELDS, Class
from ringfence.export.masking import masked
from ringfence.export.record import Record

HASH_CHARACTERS: Final = 32
"""128 bits of HMAC-SHA256: enough to tell values apart, and no use to who lacks the key."""
SHORTEST_NAMED: Final = 4
"""A value shorter than this is not looked for in free text: it would be found everywhere."""
REDACTED: Final = "[redacted]"

_ADDRESS: Final = re.compile(
    r"(?<![0-9A-Za-z.:])(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|(?=[0-9A-Fa-f.]*:[0-9A-Fa-f.]*:)[0-9A-Fa-f:.]{2,45})(?:/[0-9]{1,3})?(?![0-9A-Za-z:])"
)
_DIGEST: Final = re.compile(r"[0-9a-f]{64}|[A-Za-z0-9_-]{43}")
"""SHA-256 in hex, or in base64url as the thumbprint of a key (RFC 7638 §3)."""
_PERSON: Final = re.compile(r"\buser_[a-z2-7]{26}\b|\b[0-9a-f]{64}\b|\buid:[0-9]+\b")


class Redaction(msgspec.Struct, frozen=True):
    """What does not leave, and what stands in its place."""

    classes: frozenset[Class]
    method: Literal["hash", "drop"]
    key: bytes
    """32 bytes; not used by `drop`."""

    def instead(self, value: str) -> str:
        """Return what stands in place of a value; the same for the same value and key."""
        if self.method == "drop":
            return REDACTED
        return "hmac:" + hmac.new(self.key, value.encode(), hashlib.sha256).hexdigest()[:HASH_CHARACTERS]


def redact(record: Record, by: Redaction) -> Record:
    """Return the event as it may leave.

    Texts are masked first, hashes of ours excepted. A value that is taken out of its field is also taken out
    of the free texts beside it.  A field that the table of classes lacks does not leave at all.
    """
    fields: dict[str, Any] = {}
    named: dict[str, str] = {}
    for name, value in record.fields.items():
        classes = FIELDS.get(name)
        if classes is None:
            fields[name] = REDACTED
        elif not by.classes.isdisjoint(classes) and _says_something(value):
            fields[name] = _taken_out(value, classes, by, named)
        else:
            fields[name] = _each(value, _masked_digest if "digest" in classes else masked)
    free = [name for name in fields if "free" in FIELDS.get(name, ())]
    for name in free:
        fields[name] = _each(fields[name], lambda text: _unnamed(text, named, by))
    return msgspec.structs.replace(record, fields=fields)


def _masked_digest(text: str) -> str:
    """A hash of ours looks like a token and is none; where the field holds anything else, it is a text like others."""
    return text if _DIGEST.fullmatch(text) else masked(text)


def _says_something(value: object) -> bool:
    return isinstance(value, str | list) and bool(value)


def _taken_out(value: Any, classes: tuple[Class, ...], by: Redaction, named: dict[str, str]) -> Any:
    if "free" in classes:
        return REDACTED if isinstance(value, str) else [REDACTED]

    def one(text: str) -> str:
        named[text] = by.instead(text)
        return named[text]

    return _each(value, one)


def _unnamed(text: str, named: dict[str, str], by: Redaction) -> str:
    for value in sorted(named, key=len, reverse=True):
        if len(value) >= SHORTEST_NAMED:
            text = text.replace(value, named[value])
    if "network" in by.classes:
        text = _ADDRESS.sub(lambda found: by.instead(found[0]), text)
    if "personal" in by.classes:
        text = _PERSON.sub(lambda found: by.instead(found[0]), text)
    return text


def _each(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [change(item) if isinstance(item, str) else item for item in value]
    return value
