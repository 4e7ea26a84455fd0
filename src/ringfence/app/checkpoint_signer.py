"""The log's key lies with the signer: each checkpoint is signed over its socket, by the one key that the log began with.  C2SP tlog-checkpoint; RFC 8032 §5.1."""

from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ringfence.audit.note import ED25519, NoteInvalid, NoteKey
from ringfence.audit.ports import CannotSign, CheckpointSigner
from ringfence.custody.client import SignerClient
from ringfence.custody.wire import SignerRefused
from ringfence.store.interface import Unavailable

PURPOSE: Final = "checkpoint"


class CustodyCheckpoints:
    """Signs with a key of the signer's, and with another one's keys beside it; satisfies `audit.ports.CheckpointSigner`."""

    def __init__(self, custody: SignerClient, key: NoteKey, kid: str, beside: CheckpointSigner | None) -> None:
        """Take the key and the signer's name for it; `open_checkpoints` finds them."""
        self._custody = custody
        self._key = key
        self._kid = kid
        self._beside = beside

    @property
    def keys(self) -> tuple[NoteKey, ...]:
        """The public keys, the signer's first."""
        return (self._key, *(self._beside.keys if self._beside else ()))

    async def sign(self, key: NoteKey, message: bytes) -> bytes:
        """Return the raw signature by one of `keys`.  Raises CannotSign."""
        if self._beside is not None and key != self._key:
            return await self._beside.sign(key, message)
        try:
            return (await self._custody.sign(PURPOSE, message, self._kid)).signature
        except (Unavailable, SignerRefused) as why:
            raise CannotSign(f"signer: {why}") from None


async def open_checkpoints(
    custody: SignerClient, name: str, noted: bytes | None, beside: CheckpointSigner | None
) -> CustodyCheckpoints:
    """Return who signs the checkpoints of a log.

    Args:
        custody: the signer, as the role `audit`.
        name: of the log.
        noted: the raw public key that the log began with; None for a new one, which takes the key that is active.
        beside: holds further keys that sign, too.

    Raises:
        CannotSign: the signer is not there, or the log's key may not sign any more.
    """
    try:
        published = await custody.public(PURPOSE)
    except (Unavailable, SignerRefused) as why:
        raise CannotSign(f"signer: {why}") from None
    for one in published:
        public = load_der_public_key(one.spki)
        if isinstance(public, Ed25519PublicKey) and noted in {None, public.public_bytes_raw()}:
            return CustodyCheckpoints(custody, NoteKey(name, ED25519, public.public_bytes_raw()), one.kid, beside)
    raise CannotSign("the key that this log began with may not sign now; if it is compromised, begin another log")


def noted_key(path: Path) -> bytes | None:
    """Return the raw Ed25519 key that stands in a log's list of its keys, or None where there is no list.

    Raises:
        CannotSign: the list cannot be read.
    """
    try:
        keys = [NoteKey.parse(line) for line in path.read_text().splitlines()]
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, NoteInvalid) as why:
        raise CannotSign(f"{path}: {why}") from None
    return next((key.public for key in keys if key.kind == ED25519), None)
