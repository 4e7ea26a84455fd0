"""Name what may be used once: keys for the shared state's claims.  RFC 9449 §11.1; RFC 7523 §3, item 7.

A claim key is a namespace and a hash, so that no caller's text decides its length or meets another's.
"""

import hashlib
from typing import Final, Literal

Namespace = Literal["dpop", "assertion", "signature", "body"]

KEY_BYTES: Final = 64
"""No claim key is longer."""


def claim_key(namespace: Namespace, owner: str, jti: str) -> bytes:
    """Return the key under which one use of `jti` is claimed.

    Args:
        namespace: what kind of thing carries the `jti`.
        owner: who made it unique: a key's thumbprint or a client id. The same `jti` of two owners is two things.
        jti: as presented, of any length.
    """
    # The length in front keeps ("ab", "c") and ("a", "bc") apart.
    digest = hashlib.sha256(f"{len(owner)}:{owner}{jti}".encode("utf-8", "surrogatepass")).digest()
    return namespace.encode("ascii") + b":" + digest
