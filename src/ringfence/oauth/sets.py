"""What signs security events for clients: not the signer of tokens.  RFC 8417 §2.3."""

from collections.abc import Mapping
from typing import Any, Protocol

from ringfence.store.interface import Unavailable


class SetSigner(Protocol):
    """Signs security event tokens (RFC 8417), by a key of their own."""

    async def sign(self, claims: Mapping[str, Any]) -> str:
        """Return the claims as a compact JWS of type `secevent+jwt`.  Raises KeyUnusable, Unavailable."""
        ...

    async def public_jwks(self) -> dict[str, Any]:
        """Return the public keys to publish; there is one at least.  Raises KeyUnusable, Unavailable."""
        ...


class NoSets:
    """Where no security events are signed."""

    async def sign(self, claims: Mapping[str, Any]) -> str:  # noqa: ARG002 - it has one signature
        """Refuse."""
        raise Unavailable("no security events are signed here")

    async def public_jwks(self) -> dict[str, Any]:
        """Return none."""
        return {"keys": []}
