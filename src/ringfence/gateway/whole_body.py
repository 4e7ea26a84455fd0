"""Read an answer's body whole where it is small enough, and go on with it as a stream where it is not."""

from collections.abc import AsyncIterator

from ringfence.gateway.answer import let_go


async def whole_body(body: bytes | AsyncIterator[bytes], limit: int) -> tuple[bytes, AsyncIterator[bytes] | None]:
    """Return a body read whole; one longer than the limit comes back as a stream that begins with what was read."""
    if isinstance(body, bytes):
        return (body, None) if len(body) <= limit else (b"", _Again([body], b""))
    pieces: list[bytes] = []
    size = 0
    async for piece in body:
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            return b"", _Again(pieces, body)
    return b"".join(pieces), None


class _Again:
    """A body of which some pieces have been read already. Letting go of it lets go of the rest, begun or not."""

    def __init__(self, pieces: list[bytes], rest: bytes | AsyncIterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = rest

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._pieces:
            return self._pieces.pop(0)
        if isinstance(self._rest, bytes):
            raise StopAsyncIteration
        try:
            return await anext(self._rest)
        except BaseException:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """Let go of what has not been read."""
        await let_go(self._rest)
