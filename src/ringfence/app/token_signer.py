"""The authorization server's side of the signer: tokens signed over the socket, public keys from the file that it writes."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

import msgspec

from ringfence.app.jwks_file import JwksFile
from ringfence.clock import Seconds
from ringfence.custody.client import SignerClient
from ringfence.custody.wire import SignerRefused
from ringfence.keys.ports import KeyUnusable
from ringfence.store.interface import Unavailable

PURPOSE: Final = "token"
LOOK_EVERY: Final[Seconds] = 0.05
PATIENCE: Final[Seconds] = 60.0
"""For a first start, at which the signer makes the first key, in a device perhaps."""


class TokenSigner:
    """Satisfies `keys.ports.Signer`; holds no private key."""

    def __init__(self, custody: SignerClient, jwks: Path) -> None:
        """Take the way to the signer, and its file of public keys.  Raises Unavailable if that cannot be read."""
        self._custody = custody
        self._file = JwksFile(jwks)
        self._algorithm = ""
        if "keys" not in self.public_jwks():
            raise Unavailable(f"{jwks} is not there yet")

    @classmethod
    async def begin(cls, custody: SignerClient, jwks: Path, patience: Seconds = PATIENCE) -> Self:
        """Return the signer of tokens once there are keys to publish.  Raises Unavailable when it takes too long."""
        try:
            async with asyncio.timeout(patience):
                while True:
                    try:
                        return cls(custody, jwks)
                    except Unavailable:
                        await asyncio.sleep(LOOK_EVERY)
        except TimeoutError:
            raise Unavailable(f"the signer has published no keys in {jwks}: see its log") from None

    @property
    def algorithm(self) -> str:
        """Algorithm of the key that signs now: it stands first. The last one known while every key is withdrawn."""
        if keys := self.public_jwks()["keys"]:
            self._algorithm = str(keys[0]["alg"])
        return self._algorithm

    async def sign(self, claims: Mapping[str, Any], typ: str) -> str:
        """Return the claims as a compact JWS.

        Raises:
            Unavailable: the signer is gone, or no key may sign now (a suspended one, say).
            KeyUnusable: the signer says that this is nothing it signs.
        """
        return await sign_by(self._custody, PURPOSE, claims, typ)

    def public_jwks(self) -> dict[str, Any]:
        """Return the public keys, from the file when it has changed; those known stay when it cannot be read."""
        return self._file.read()


async def sign_by(custody: SignerClient, purpose: str, claims: Mapping[str, Any], typ: str) -> str:
    """Return the claims as a compact JWS by the key of a purpose.  Raises as `TokenSigner.sign`."""
    try:
        return await custody.sign_token(purpose, typ, msgspec.json.encode(claims))
    except SignerRefused as why:
        if why.kind in {"not-allowed", "malformed", "unknown"}:
            raise KeyUnusable(str(why)) from None
        raise Unavailable(f"signer: {why}") from None
