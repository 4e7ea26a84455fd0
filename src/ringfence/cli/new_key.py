"""Make a signing key for a trial client: the private part in a file of its owner, the public part as JWK."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ringfence.cli.connection import REFUSED, fail
from ringfence.proofs.jwk import from_public_key, public_jwk


@contextmanager
def new_key(file: Path) -> Iterator[dict[str, str]]:
    """Write a P-256 private key to `file` (PEM, PKCS#8, mode 0600) and give its public JWK.

    The file must not be there yet; it goes again if the block fails.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        fail(f"{file} cannot be created: {error.strerror}.", "Name a file that is not there yet.", REFUSED)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(pem)
        yield public_jwk(from_public_key(key.public_key()))
    except BaseException:
        file.unlink(missing_ok=True)
        raise
