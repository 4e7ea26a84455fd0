"""A client's keys for encryption stand beside those for signatures, and neither does the other's work.  RFC 7517 §4.2; RFC 7591 §2."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ringfence.clients.texts import fault
from ringfence.problem import Refused
from ringfence.proofs.encryption_key import (
    EncryptionKey,
    SealAlgorithm,
    encryption_jwk,
    is_for_encryption,
    parse_encryption_jwk,
    usable_encryption_keys,
)
from ringfence.proofs.jwk import VerificationKey


class KeysAt(msgspec.Struct, frozen=True):
    """The keys at a `jwks_uri`."""

    signing: Mapping[str, VerificationKey] = {}
    """By `kid`."""
    sealing: tuple[EncryptionKey, ...] = ()
    """In the order of the set."""

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.signing or self.sealing)


NO_KEYS: Final = KeysAt()


def for_signatures(jwks: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JWK set without its keys for encryption; empty where none is left."""
    members = jwks.get("keys")
    if not isinstance(members, list):
        return dict(jwks)
    left = [jwk for jwk in members if not is_for_encryption(jwk)]
    return {**jwks, "keys": left} if left or not members else {}


def sealed_to(jwks: Mapping[str, Any]) -> tuple[EncryptionKey, ...]:
    """Return the keys that a client registered to have something sealed to, in its order."""
    members = jwks.get("keys")
    return usable_encryption_keys(members) if isinstance(members, list) else ()


def written_encryption_keys(jwks: Mapping[str, Any], algorithms: tuple[SealAlgorithm, ...]) -> list[dict[str, str]]:
    """Return the keys for encryption of a set that a client registers, written anew from their numbers.

    Raises:
        Refused: ADMIN_REQUEST, for one that is not taken, or whose `kid` another key of the set has.
    """
    members = jwks.get("keys")
    if not isinstance(members, list):
        return []
    kids = [jwk.get("kid") for jwk in members if isinstance(jwk, Mapping)]
    try:
        keys = [parse_encryption_jwk(jwk, algorithms=algorithms) for jwk in members if is_for_encryption(jwk)]
    except Refused as refused:
        raise fault("/jwks", refused.detail) from None
    for key in keys:
        if kids.count(key.kid) > 1:
            raise fault("/jwks", "two keys of the set have the same kid")
    return [encryption_jwk(key) for key in keys]
