"""What the cryptography alone costs that a request to the authorization server cannot do without: OpenSSL, nothing else."""

import statistics
import time
from collections.abc import Callable

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

TIMES = 400
"""Operations of one measurement: about 40 ms."""
MEASUREMENTS = 9
MESSAGE = b"m" * 400
"""About what a client assertion or a token signs."""


class Bare(msgspec.Struct, frozen=True):
    """CPU µs of one ES256 operation."""

    verify_us: float
    sign_us: float

    def of(self, verifications: int, signatures: int) -> float:
        """Return what a request needs."""
        return verifications * self.verify_us + signatures * self.sign_us


def bare() -> Bare:
    """Measure this machine as it is now."""
    key, algorithm = ec.generate_private_key(ec.SECP256R1()), ec.ECDSA(hashes.SHA256())
    signature, public = key.sign(MESSAGE, algorithm), key.public_key()
    return Bare(
        verify_us=_middle(lambda: public.verify(signature, MESSAGE, algorithm)),
        sign_us=_middle(lambda: key.sign(MESSAGE, algorithm)),
    )


def _middle(what: Callable[[], object]) -> float:
    found = []
    for _ in range(MEASUREMENTS):
        began = time.process_time()
        for _ in range(TIMES):
            what()
        found.append((time.process_time() - began) / TIMES * 1e6)
    return round(statistics.median(found), 1)
