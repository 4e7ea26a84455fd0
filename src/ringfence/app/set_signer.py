"""The authorization server's side of the signer for security events, whose key is made when the first one asks.  RFC 8417 §2.3."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ringfence.app.token_signer import TokenSigner, sign_by
from ringfence.custody.client import SignerClient

PURPOSE: Final = "set"
TYPE: Final = "secevent+jwt"
"""RFC 8417 §2.3: never taken for another kind of token."""


class SetSigner:
    """Satisfies `oauth.sets.SetSigner`; holds no private key."""

    def __init__(self, custody: SignerClient, jwks: Path) -> None:
        """Take the way to the signer, and its file of public keys, which need not be there yet."""
        self._custody = custody
        self._jwks = jwks
        self._signer: TokenSigner | None = None

    async def sign(self, claims: Mapping[str, Any]) -> str:
        """Return the claims as a compact JWS.  Raises Unavailable, KeyUnusable."""
        return await sign_by(self._custody, PURPOSE, claims, TYPE)

    async def public_jwks(self) -> dict[str, Any]:
        """Return the public keys, of which there is one at least.  Raises Unavailable, KeyUnusable."""
        if self._signer is None:
            if not self._jwks.exists():
                await self.sign({})  # the signer makes a key for the first that is signed; this one goes nowhere
            self._signer = await TokenSigner.begin(self._custody, self._jwks)
        return self._signer.public_jwks()
