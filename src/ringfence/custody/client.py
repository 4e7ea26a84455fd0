"""Ask the signer over its socket: one connection, many requests under way, a time limit for each.

What it cannot answer is `Unavailable`, at once when nobody listens: nothing is signed then, and its callers say so.
"""

import asyncio
from pathlib import Path
from typing import Final, TypeVar, cast

import msgspec

from ringfence.clock import Seconds
from ringfence.custody.wire import (
    BadFrame,
    Context,
    DataKey,
    Done,
    Forget,
    Frames,
    Generate,
    Mac,
    Manage,
    Public,
    PublicKey,
    PublicKeys,
    Refusal,
    Reply,
    Request,
    Sign,
    Signed,
    SignerRefused,
    SignToken,
    Token,
    Unwrap,
    Wrap,
    frame,
    read_reply,
)
from ringfence.store.interface import Unavailable

CALL_SECONDS: Final[Seconds] = 5.0
"""A device behind a network answers within a second; nobody waits for a token longer than this."""

MANAGE_SECONDS: Final[Seconds] = 3600.0
"""Wrapping a million data keys anew, in a device, takes its time."""

_R = TypeVar("_R", Signed, Token, DataKey, PublicKeys, Done)

_GONE: Final = "the signer does not answer: nothing can be signed or unwrapped until it is back"


class SignerClient:
    """The asking side of one of the signer's sockets; connects when first asked, and again after a loss."""

    def __init__(self, path: Path, *, timeout: Seconds = CALL_SECONDS) -> None:
        """Take the socket of the calling role; nothing is opened yet."""
        self._path = str(path)
        self._timeout = timeout
        self._link: _Link | None = None
        self._connecting = asyncio.Lock()

    async def sign(self, purpose: str, data: bytes, kid: str = "") -> Signed:
        """Return a raw signature over `data`.

        Raises:
            Unavailable: the signer, or the device behind it, does not answer.
            SignerRefused: no key of the purpose may sign now, or this role may not ask for it.
        """
        return await self._ask(Sign(purpose, data, kid), Signed)

    async def sign_token(self, purpose: str, typ: str, claims: bytes) -> str:
        """Return a compact JWS over a JSON object.  Raises as `sign` does."""
        return (await self._ask(SignToken(purpose, typ, claims), Token)).text

    async def mac(self, purpose: str, data: bytes, kid: str = "") -> Signed:
        """Return HMAC-SHA256 over `data`.  Raises as `sign` does."""
        return await self._ask(Mac(purpose, data, kid), Signed)

    async def generate(self, purpose: str, context: Context) -> DataKey:
        """Return a new data key, which the signer keeps wrapped.  Raises as `sign` does."""
        return await self._ask(Generate(purpose, context), DataKey)

    async def wrap(self, purpose: str, secret: bytes, context: Context) -> str:
        """Have a secret kept as a data key and return its id.  Raises as `sign` does."""
        return (await self._ask(Wrap(purpose, secret, context), DataKey)).data_key

    async def unwrap(self, data_key: str, context: Context) -> bytes:
        """Return a data key's secret.  Raises as `sign` does; another context is refused as `failed`."""
        return (await self.open(data_key, context)).secret

    async def open(self, data_key: str, context: Context) -> DataKey:
        """Return a data key with what wraps it.  Raises as `unwrap` does."""
        return await self._ask(Unwrap(data_key, context), DataKey)

    async def forget(self, data_key: str) -> None:
        """Destroy a data key.  Raises as `sign` does."""
        await self._ask(Forget(data_key), Done)

    async def public(self, purpose: str) -> tuple[PublicKey, ...]:
        """Return the public keys of a purpose, the active one first.  Raises as `sign` does."""
        return (await self._ask(Public(purpose), PublicKeys)).keys

    async def manage(self, action: str, key: str = "", by: str = "", why: str = "", data: bytes = b"") -> Done:
        """Have an operator's wish done.  Raises as `sign` does."""
        return await self._ask(Manage(action, key, by, why, data), Done, MANAGE_SECONDS)

    async def close(self) -> None:
        """Hang up."""
        if self._link is not None:
            self._link.hang_up()
            self._link = None

    async def _ask(self, request: Request, kind: type[_R], within: Seconds | None = None) -> _R:
        timeout = self._timeout if within is None else within
        link = self._link
        if link is None or link.closed:
            link = await self._connect()
        reply = await link.ask(request, timeout)
        if isinstance(reply, kind):
            return reply
        if isinstance(reply, Refusal):
            if reply.kind == "unavailable":
                raise Unavailable(f"signer: {reply.message}")
            raise SignerRefused(reply.kind, reply.message)
        raise Unavailable("the signer answered something else than was asked")

    async def _connect(self) -> "_Link":
        async with self._connecting:
            if self._link is not None and not self._link.closed:
                return self._link
            try:
                async with asyncio.timeout(self._timeout):
                    _, link = await asyncio.get_running_loop().create_unix_connection(_Link, self._path)
            except (OSError, TimeoutError) as error:
                raise Unavailable(f"{_GONE} ({error})") from error
            self._link = link
            return link


class _Link(asyncio.Protocol):
    """One connection: who waits for which number."""

    def __init__(self) -> None:
        self.closed = False
        self._transport: asyncio.Transport | None = None
        self._frames = Frames()
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._number = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one, but not by its class

    def data_received(self, data: bytes) -> None:
        try:
            for number, body in self._frames.feed(data):
                waiting = self._waiting.pop(number, None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(read_reply(body))
        except (BadFrame, msgspec.DecodeError):
            self.hang_up()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - why does not matter to who waits
        self.closed = True
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(Unavailable(_GONE))
        self._waiting.clear()

    async def ask(self, request: Request, within: Seconds) -> Reply:
        """Return the reply.  Raises Unavailable."""
        self._number = (self._number + 1) & 0xFFFFFFFF
        number = self._number
        try:
            data = frame(number, request)
        except BadFrame as why:
            raise SignerRefused("malformed", str(why)) from None
        waiting: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[number] = waiting
        assert self._transport is not None
        self._transport.write(data)
        try:
            async with asyncio.timeout(within):
                return await waiting
        except TimeoutError:
            raise Unavailable("the signer did not answer in time") from None
        finally:
            self._waiting.pop(number, None)

    def hang_up(self) -> None:
        self.closed = True
        if self._transport is not None:
            self._transport.close()
