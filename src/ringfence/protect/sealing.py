"""Seal something to a partner's public key, as a compact JWE.  RFC 7516 §5.1; RFC 7518 §4.3, §4.6, §5.3.

What the header says is covered by the tag, so whoever opens it sees whom it is for and where it belongs. It does not say
who sealed it: everybody has the public key. A signature does that.
"""

from collections.abc import Mapping
from typing import Final

from joserfc.jwe import JWERegistry, encrypt_compact

from ringfence.proofs.encryption_key import SEAL_ALGORITHMS, EncryptionKey
from ringfence.protect.partner_profiles import KEY_BYTES

JSON: Final = "application/json"

_REGISTRY: Final = JWERegistry(algorithms=[*SEAL_ALGORITHMS, *KEY_BYTES], strict_check_header=False)
"""Headers may hold members of ours; algorithms are these and no others."""


def sealed_to_key(content: bytes, key: EncryptionKey, enc: str, header: Mapping[str, object]) -> str:
    """Return a compact JWE of `content` for the owner of `key`.

    Args:
        content: the octets.
        key: whose public half the owner registered.
        enc: A128GCM or A256GCM.
        header: members of the protected header beside `alg`, `enc` and `kid`.
    """
    members = {"alg": key.algorithm, "enc": enc, "kid": key.kid, **header}
    return encrypt_compact(members, content, key.key, registry=_REGISTRY)
