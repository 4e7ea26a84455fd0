"""What the signing of tokens needs from whoever holds the private key."""

from collections.abc import Mapping
from typing import Any, Protocol


class KeyUnusable(Exception):
    """A signing key cannot be made, read or used. `str()` of it names the file and the fault, never key material."""


class Signer(Protocol):
    """Signs tokens; the private key may lie in this process, in another one or in a device."""

    @property
    def algorithm(self) -> str:
        """JWS algorithm of what it signs: `ES256` or `PS256`."""
        ...

    async def sign(self, claims: Mapping[str, Any], typ: str) -> str:
        """Return the claims as a compact JWS (RFC 7515 §7.1) whose header says `typ`.  Raises KeyUnusable."""
        ...

    def public_jwks(self) -> dict[str, Any]:
        """Return the public keys to publish, `{"keys": [...]}` (RFC 7517 §5): what is loaded, without waiting."""
        ...
