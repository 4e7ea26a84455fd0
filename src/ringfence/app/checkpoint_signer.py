"""The log's keys lie with the signer: each checkpoint is signed over its socket, by the keys that the log began with.  C2SP tlog-checkpoint; RFC 8032 §5.1; FIPS 204 §5.2."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ringfence.audit.note import ED25519, ML_DSA_44, NoteInvalid, NoteKey
from ringfence.audit.ports import CannotSign
from ringfence.custody.client import SignerClient
from ringfence.custody.wire import SignerRefused
from ringfence.store.interface import Unavailable

PURPOSES: Final = {ED25519: "checkpoint", ML_DSA_44: "checkpoint-pq"}
"""Of the signer's keys, by what their signatures are; the log's own comes first."""

_TYPES: Final = {ED25519: Ed25519PublicKey, ML_DSA_44: MLDSA44PublicKey}


class CustodyCheckpoints:
    """Signs with keys of the signer's; satisfies `audit.ports.CheckpointSigner`."""

    def __init__(self, custody: SignerClient, kids: Mapping[NoteKey, str]) -> None:
        """Take the keys and the signer's names for them; `open_checkpoints` finds them."""
        self._custody = custody
        self._kids = kids

    @property
    def keys(self) -> tuple[NoteKey, ...]:
        """The public keys, the log's own first."""
        return tuple(self._kids)

    async def sign(self, key: NoteKey, message: bytes) -> bytes:
        """Return the raw signature by one of `keys`.  Raises CannotSign."""
        try:
            return (await self._custody.sign(PURPOSES[key.kind], message, self._kids[key])).signature
        except (Unavailable, SignerRefused) as why:
            raise CannotSign(f"signer: {why}") from None


async def open_checkpoints(
    custody: SignerClient, name: str, noted: Mapping[int, bytes], *, post_quantum: bool = False
) -> CustodyCheckpoints:
    """Return who signs the checkpoints of a log.

    Args:
        custody: the signer, as the role `audit`.
        name: of the log.
        noted: the raw public keys that the log began with, by kind; of a kind that is not there, the active one is taken.
        post_quantum: whether ML-DSA-44 signs, too.

    Raises:
        CannotSign: the signer is not there, or a key of the log may not sign any more.
    """
    kids = {}
    for kind in (ED25519, ML_DSA_44) if post_quantum else (ED25519,):
        key, kid = await _key_of(custody, name, kind, noted.get(kind))
        kids[key] = kid
    return CustodyCheckpoints(custody, kids)


async def _key_of(custody: SignerClient, name: str, kind: int, noted: bytes | None) -> tuple[NoteKey, str]:
    try:
        published = await custody.public(PURPOSES[kind])
    except (Unavailable, SignerRefused) as why:
        raise CannotSign(f"signer: {why}") from None
    for one in published:
        public = load_der_public_key(one.spki)
        if not isinstance(public, Ed25519PublicKey | MLDSA44PublicKey) or not isinstance(public, _TYPES[kind]):
            continue
        raw = public.public_bytes_raw()
        if noted in {None, raw}:
            return NoteKey(name, kind, raw), one.kid
    raise CannotSign("the key that this log began with may not sign now; if it is compromised, begin another log")


def noted_keys(path: Path) -> dict[int, bytes]:
    """Return the raw public keys that stand in a log's list of its keys, by kind; none where there is no list.

    Raises:
        CannotSign: the list cannot be read.
    """
    try:
        keys = [NoteKey.parse(line) for line in path.read_text().splitlines()]
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, NoteInvalid) as why:
        raise CannotSign(f"{path}: {why}") from None
    return {key.kind: key.public for key in reversed(keys)}
