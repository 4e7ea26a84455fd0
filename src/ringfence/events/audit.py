"""What the keeping of events itself has to tell: journals that ended, witnesses that refused, keys of receipts."""

import msgspec

from ringfence.clock import Instant


class JournalEnded(msgspec.Struct, frozen=True, tag="journal.ended.v1", tag_field="event", gc=False):
    """A producer's journal is over; what it held before this many bytes is all it ever held."""

    at: Instant
    producer: str
    """Name of the journal."""
    size: int
    """Bytes of event lines in it, not counting a line of this kind that it ends with itself."""


class WitnessRefused(msgspec.Struct, frozen=True, tag="audit.witness_refused.v1", tag_field="event", gc=False):
    """A witness did not cosign a checkpoint of the audit log: said once, until it cosigns again."""

    at: Instant
    witness: str
    size: int
    """Size of the tree that was offered."""
    why: str
    witness_size: int = -1
    """Size that the witness knows, where it said; larger than `size` means that the log was rolled back."""


class ReceiptKeyMade(msgspec.Struct, frozen=True, tag="audit.receipt_key.v1", tag_field="event", gc=False):
    """A key for decision receipts is about to be used; its hash binds us to it."""

    at: Instant
    key: str
    """Names the key in receipts."""
    sha256: str
    """SHA-256 of the key in hex."""
