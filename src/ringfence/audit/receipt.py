"""A receipt for a decision: what we said, bound to us by a key whose hash stands in the log before it is used.  RFC 2104; RFC 9651 §3.2.

It costs one HMAC a call and no signature. The caller can hold us to it: the event in the log must give the
same hash of the decision, and a key that is opened shows to anybody that nobody else could have made it.
"""

import hmac
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

import msgspec

from ringfence.audit.canonical import canonical, number
from ringfence.audit.note import NoteInvalid, decoded, encoded
from ringfence.clock import Instant

HEADER: Final = "ringfence-receipt"
KEY_BYTES: Final = 32
MEMBERS: Final = (
    "allowed", "api", "at", "client", "correlation", "grant", "method", "operation", "path", "reason", "status", "version",
)  # fmt: skip
"""Members of the event `call.decided.v1` that a receipt binds us to: nothing that names a person."""

_PREFIX: Final = b"ringfence-receipt/v1\n"
_FORM: Final = re.compile(
    r'v=1, id="(?P<id>[a-z2-7]{26})", at=(?P<at>[0-9.e+]{1,32}), key="(?P<key>[0-9A-Za-z-]{1,64})",'
    r" decision=:(?P<decision>[A-Za-z0-9+/]{43}=):, mac=:(?P<mac>[A-Za-z0-9+/]{43}=):"
)


class ReceiptInvalid(Exception):
    """It is no receipt of ours."""


class ReceiptKey(msgspec.Struct, frozen=True):
    """The key of a day, with the name that receipts give it."""

    name: str
    secret: bytes

    @property
    def commitment(self) -> str:
        """SHA-256 of the key in hex, as the log holds it."""
        return sha256(self.secret).hexdigest()


class Receipt(msgspec.Struct, frozen=True):
    """A receipt as it was read."""

    correlation: str
    at: float
    key: str
    decision: bytes
    mac: bytes


def decision_hash(event: Mapping[str, Any]) -> bytes:
    """Return the hash of what was decided, from the members of the event."""
    return sha256(_PREFIX + canonical({name: event[name] for name in MEMBERS})).digest()


def write(event: Mapping[str, Any], key: ReceiptKey) -> str:
    """Return the field value for an event `call.decided.v1`."""
    decision = decision_hash(event)
    return (
        f'v=1, id="{event["correlation"]}", at={number(event["at"])}, key="{key.name}",'
        f" decision=:{encoded(decision)}:, mac=:{encoded(_mac(key, decision))}:"
    )


def read(value: str) -> Receipt:
    """Read a field value.  Raises ReceiptInvalid."""
    found = _FORM.fullmatch(value.strip())
    if found is None:
        raise ReceiptInvalid("it has not the form of a receipt")
    try:
        return Receipt(found["id"], float(found["at"]), found["key"], decoded(found["decision"]), decoded(found["mac"]))
    except (NoteInvalid, ValueError):
        raise ReceiptInvalid("its hash or its time is malformed") from None


def check(receipt: Receipt, event: Mapping[str, Any], key: ReceiptKey) -> None:
    """Return if the receipt is for this event and was made with this key.  Raises ReceiptInvalid."""
    if receipt.key != key.name or not hmac.compare_digest(receipt.mac, _mac(key, receipt.decision)):
        raise ReceiptInvalid("it was not made with our key")
    try:
        decision = decision_hash(event)
    except KeyError:
        raise ReceiptInvalid("the entry is not about a call") from None
    if decision != receipt.decision:
        raise ReceiptInvalid("the log says something else than the receipt")


def key_name(now: Instant) -> str:
    """Return how the key of a day is called."""
    return f"day-{int(now // 86_400)}"


def _mac(key: ReceiptKey, decision: bytes) -> bytes:
    return hmac.digest(key.secret, _PREFIX + decision, "sha256")
