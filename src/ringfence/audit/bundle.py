"""Everything that shows one entry to be in the log, in one JSON file that needs nothing else.  RFC 9162 §2.1.3."""

from pathlib import Path
from typing import Any, Final

import msgspec

from ringfence.audit.note import Note, NoteKey, encoded
from ringfence.audit.proofs import consistency, inclusion
from ringfence.audit.record import SALT_BYTES
from ringfence.audit.tiles import entry, nodes

FORMAT: Final = "ringfence-audit-proof/v1"


class Since(msgspec.Struct, frozen=True):
    """That the log grew from a checkpoint that somebody holds."""

    checkpoint: str
    proof: tuple[str, ...]


class OpenedKey(msgspec.Struct, frozen=True):
    """A receipt key, opened, and the proof that its hash stood in the log."""

    secret: str
    """In hex."""
    committed: dict[str, Any]
    """A bundle of its own."""


class Bundle(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The proof for one entry. Hashes and salt in base64; `record` is the exact text that was hashed."""

    format: str
    index: int
    salt: str
    record: str
    proof: tuple[str, ...]
    checkpoint: str
    log_keys: tuple[str, ...]
    witness_keys: tuple[str, ...] = ()
    since: Since | None = None
    receipt: str = ""
    receipt_key: OpenedKey | None = None


class NotYet(Exception):
    """No checkpoint covers the entry yet."""


def prove(
    directory: Path,
    index: int,
    note: Note,
    keys: tuple[NoteKey, ...],
    witnesses: tuple[NoteKey, ...] = (),
    since: Note | None = None,
) -> Bundle:
    """Return the bundle of an entry.

    Args:
        directory: of the log.
        index: of the entry.
        note: the checkpoint to prove it by.
        keys: of the log.
        witnesses: those whose cosignatures it has.
        since: an earlier checkpoint, to prove growth from.

    Raises:
        NotYet: the checkpoint is older than the entry.
        TileMissing: tiles are missing.
    """
    size = note.checkpoint.size
    if not 0 <= index < size:
        raise NotYet(f"the checkpoint has {size} entries")
    find = nodes(directory, size)
    data = entry(directory, index, size)
    grown = None
    if since is not None:
        if since.checkpoint.size > size:
            raise NotYet(f"the checkpoint that you hold promises {since.checkpoint.size} entries, this log has {size}")
        grown = Since(str(since), tuple(map(encoded, consistency(find, since.checkpoint.size, size))))
    return Bundle(
        format=FORMAT,
        index=index,
        salt=encoded(data[:SALT_BYTES]),
        record=data[SALT_BYTES:].decode(),
        proof=tuple(map(encoded, inclusion(find, index, size))),
        checkpoint=str(note),
        log_keys=tuple(map(str, keys)),
        witness_keys=tuple(map(str, witnesses)),
        since=grown,
    )
