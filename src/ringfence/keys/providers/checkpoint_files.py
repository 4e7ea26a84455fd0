"""The keys of checkpoints in PEM files that only their owner can read: Ed25519, and ML-DSA-44 beside it.  RFC 8032 §5.1; FIPS 204 §5.2."""

import contextlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from ringfence.audit.note import COSIGNATURE, ED25519, ML_DSA_44, NoteKey
from ringfence.audit.ports import CannotSign
from ringfence.store.private_file import write_once

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO

PrivateKey = Ed25519PrivateKey | MLDSA44PrivateKey

_MAKERS: Final[dict[int, Callable[[], PrivateKey]]] = {
    ED25519: Ed25519PrivateKey.generate,
    COSIGNATURE: Ed25519PrivateKey.generate,
    ML_DSA_44: MLDSA44PrivateKey.generate,
}
_TYPES: Final[dict[int, type[PrivateKey]]] = {
    ED25519: Ed25519PrivateKey,
    COSIGNATURE: Ed25519PrivateKey,
    ML_DSA_44: MLDSA44PrivateKey,
}


class CheckpointFiles:
    """Signs with private keys in this process's memory; satisfies `audit.ports.CheckpointSigner`."""

    def __init__(self, name: str, files: dict[int, Path]) -> None:
        """Read the keys; a file that is absent is made first.

        Args:
            name: of the log, or of the witness.
            files: the PEM file (PKCS#8) of each kind, `audit.note.ED25519` and so on; the log's own comes first.

        Raises:
            CannotSign: a file cannot be made or read, others may read it, or it holds another kind of key.
        """
        self._private: dict[NoteKey, PrivateKey] = {}
        for kind, path in files.items():
            private = read_key(path, kind)
            self._private[NoteKey(name, kind, private.public_key().public_bytes_raw())] = private

    @property
    def keys(self) -> tuple[NoteKey, ...]:
        """The public keys."""
        return tuple(self._private)

    async def sign(self, key: NoteKey, message: bytes) -> bytes:
        """Return the raw signature by one of `keys`."""
        return self.sign_now(key, message)

    def sign_now(self, key: NoteKey, message: bytes) -> bytes:
        """Do the same without waiting; some 30 µs for Ed25519, 300 µs for ML-DSA-44."""
        return self._private[key].sign(message)


def read_key(path: Path, kind: int) -> PrivateKey:
    """Return the key in a file, which is made first where it is absent.  Raises CannotSign."""
    try:
        if not path.exists():
            _make(path, kind)
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & _OTHERS:
                raise CannotSign(f"{path} can be read or written by others: chmod 600 it, and consider it known")
            private = load_pem_private_key(file.read(), password=None)
    except OSError as error:
        raise CannotSign(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError):
        raise CannotSign(f"{path} holds no private key in PEM without a password") from None
    if not isinstance(private, _TYPES[kind]):
        raise CannotSign(f"{path} holds another kind of key")
    return private


def _make(path: Path, kind: int) -> None:
    pem = _MAKERS[kind]().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):  # another process was quicker: its key counts
        write_once(path, pem)
