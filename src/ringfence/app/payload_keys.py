"""The gateway's way to content keys that partners sealed: the signer opens them, by its key for payloads.  RFC 7516 §5.2."""

import hashlib
from collections.abc import Mapping
from typing import Final

from ringfence.clock import Seconds, monotonic_seconds
from ringfence.custody.client import SignerClient
from ringfence.custody.wire import SignerRefused
from ringfence.policy.payload import PURPOSE
from ringfence.protect.partner_keys import NotOpened
from ringfence.store.interface import Unavailable

ASK_AGAIN_AFTER: Final[Seconds] = 5.0
"""How long the keys' ids are remembered: a new key is taken as late as this, one that is gone opens nothing at once."""


class CustodyPayloads:
    """`gateway.ports.PayloadKeys` over the signer's socket."""

    def __init__(self, custody: SignerClient) -> None:
        """Know no key yet."""
        self._custody = custody
        self._kids: Mapping[str, str] = {}
        self._asked = -ASK_AGAIN_AFTER

    async def kids(self) -> Mapping[str, str]:
        """Return the keys that open, by what a `kid` may say: our id, or SHA-256 of the public key in hex, as Mastercard has it."""
        if not self._kids or monotonic_seconds() - self._asked >= ASK_AGAIN_AFTER:
            try:
                keys = await self._custody.public(PURPOSE)
            except SignerRefused as why:
                raise Unavailable(f"signer: {why}") from None
            self._kids = {key.kid: key.kid for key in keys} | {hashlib.sha256(k.spki).hexdigest(): k.kid for k in keys}
            self._asked = monotonic_seconds()
        return self._kids

    async def unwrap(self, kid: str, wrapped: bytes, size: int) -> bytes:
        """Return the content key, or random bytes.  Raises Unavailable; NotOpened where the key may not be used any more."""
        try:
            return await self._custody.open_key(PURPOSE, kid, wrapped, size)
        except SignerRefused as why:
            self._kids = {}
            raise NotOpened(f"signer: {why}") from None
