"""The root key in a file: sealed by a passphrase (scrypt, then AES key wrap), or as it is where the policy names none.  RFC 7914 §2; RFC 3394."""

import base64
import os
from pathlib import Path
from typing import Final, Literal

import msgspec
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from ringfence.ids import Random
from ringfence.keys.ports import KeyUnusable
from ringfence.secret import Secret

ROOT_BYTES: Final = 32
SALT_BYTES: Final = 16
COST: Final = 1 << 17
"""scrypt's N; with r = 8 it takes 128 MB and about half a second, once a start.  OWASP Password Storage."""

_BLOCK: Final = 8
_LANES: Final = 1
_OTHERS: Final = 0o077


class RootFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands in the file, as JSON."""

    seal: Literal["none", "scrypt"]
    key: str
    """Base64; wrapped where there is a seal."""
    salt: str = ""
    cost: int = 0


def open_root(path: Path, passphrase: Secret | None, random: Random, cost: int = COST) -> bytes:
    """Return the root key, which is made where the file is absent.

    Raises:
        KeyUnusable: another passphrase sealed it, it is sealed and none was given, others may read the file, or it
            is damaged. A file that was not sealed is not taken with a passphrase either: it says how to seal it.
    """
    try:
        if not path.exists():
            return _made(path, passphrase, random, cost)
        if path.stat().st_mode & _OTHERS:
            raise KeyUnusable(f"{path} can be read or written by others: chmod 600 it, and consider it known")
        found = msgspec.json.decode(path.read_bytes(), type=RootFile)
        raw = base64.b64decode(found.key, validate=True)
    except OSError as error:
        raise KeyUnusable(f"{path}: {error.strerror}") from None
    except (msgspec.DecodeError, ValueError):
        raise KeyUnusable(f"{path} is damaged: put back its copy; without it the keys under it are lost") from None
    if found.seal == "none":
        if passphrase is not None:
            raise KeyUnusable(f"{path} is not sealed: seal it once with `ringfence keys seal`, while nothing runs")
        return raw
    if passphrase is None:
        raise KeyUnusable(f"{path} is sealed, and the policy's signer.seal names no passphrase")
    try:
        return aes_key_unwrap(_from(passphrase, base64.b64decode(found.salt), found.cost), raw)
    except (InvalidUnwrap, ValueError):
        raise KeyUnusable(f"{path} was sealed by another passphrase") from None


def seal_root(path: Path, root: bytes, passphrase: Secret | None, random: Random, cost: int = COST) -> None:
    """Write the root key under a passphrase, in the place of what is there.  Raises KeyUnusable."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        _write(beside, _sealed(root, passphrase, random, cost))
        beside.replace(path)
    except OSError as error:
        raise KeyUnusable(f"{path} cannot be written: {error.strerror}") from None
    finally:
        beside.unlink(missing_ok=True)


def _made(path: Path, passphrase: Secret | None, random: Random, cost: int) -> bytes:
    root = random(ROOT_BYTES)
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        _write(beside, _sealed(root, passphrase, random, cost))
        os.link(beside, path)  # never over a root key that is there
    finally:
        beside.unlink(missing_ok=True)
    return root


def _sealed(root: bytes, passphrase: Secret | None, random: Random, cost: int) -> RootFile:
    if passphrase is None:
        return RootFile("none", base64.b64encode(root).decode())
    salt = random(SALT_BYTES)
    wrapped = aes_key_wrap(_from(passphrase, salt, cost), root)
    return RootFile("scrypt", base64.b64encode(wrapped).decode(), base64.b64encode(salt).decode(), cost)


def _from(passphrase: Secret, salt: bytes, cost: int) -> bytes:
    return Scrypt(salt=salt, length=ROOT_BYTES, n=cost, r=_BLOCK, p=_LANES).derive(passphrase.reveal().encode())


def _write(path: Path, content: RootFile) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(content))
        file.flush()
        os.fsync(descriptor)
