"""The gateway's way to signatures over its answers: the signer's key for message signatures.  RFC 9421 §3.1."""

from typing import Final

from ringfence.clock import Seconds, monotonic_seconds
from ringfence.custody.client import SignerClient
from ringfence.custody.wire import SignerRefused
from ringfence.store.interface import Unavailable

PURPOSE: Final = "message-signature"

ASK_AGAIN_AFTER: Final[Seconds] = 5.0
"""How long the signing key's id is remembered; one that was replaced meanwhile is asked for again at once."""


class CustodySigner:
    """`gateway.ports.ResponseSigner` over the signer's socket."""

    def __init__(self, custody: SignerClient) -> None:
        """Know no key yet."""
        self._custody = custody
        self._kid = ""
        self._asked = -ASK_AGAIN_AFTER

    async def kid(self) -> str:
        """Return the id of the key that would sign now.  Raises Unavailable."""
        if not self._kid or monotonic_seconds() - self._asked >= ASK_AGAIN_AFTER:
            self._kid = ""
            try:
                keys = await self._custody.public(PURPOSE)
            except SignerRefused as why:
                raise Unavailable(f"signer: {why}") from None
            if not keys:
                raise Unavailable("the signer has no key for message signatures")
            self._kid, self._asked = keys[0].kid, monotonic_seconds()
        return self._kid

    async def sign(self, kid: str, data: bytes) -> bytes:
        """Return the raw signature by that key.  Raises Unavailable."""
        try:
            return (await self._custody.sign(PURPOSE, data, kid)).signature
        except SignerRefused as why:
            self._kid = ""
            raise Unavailable(f"signer: {why}") from None
        except Unavailable:
            self._kid = ""
            raise
