"""Read an answer's body whole, within a limit.  RFC 9110 §6.4."""

from collections.abc import AsyncIterator

from ringfence.gateway.answer import let_go


async def read_whole(body: bytes | AsyncIterator[bytes], limit: int) -> tuple[bytes, AsyncIterator[bytes] | None]:
    """Return a body read whole; one longer than the limit comes back as a stream that begins with what was read."""
    if isinstance(body, bytes):
        return (body, None) if len(body) <= limit else (b"", _again([body], None))
    pieces: list[bytes] = []
    size = 0
    async for piece in body:
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            return b"", _again(pieces, body)
    return b"".join(pieces), None


async def _again(pieces: list[bytes], body: AsyncIterator[bytes] | None) -> AsyncIterator[bytes]:
    try:
        for piece in pieces:
            yield piece
        if body is not None:
            async for piece in body:
                yield piece
    finally:
        await let_go(body or b"")
