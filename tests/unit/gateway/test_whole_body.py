from collections.abc import AsyncIterator

import pytest

from ringfence.gateway.whole_body import whole_body


class Pieces:
    def __init__(self, *pieces: bytes) -> None:
        self.closed = 0
        self.pieces = [*pieces]

    async def __call__(self) -> AsyncIterator[bytes]:
        try:
            for piece in self.pieces:
                yield piece
        finally:
            self.closed += 1


@pytest.mark.parametrize("body", [b"abcd", Pieces(b"ab", b"", b"cd")])
async def test_within_the_limit_it_is_read_whole(body) -> None:
    assert await whole_body(body if isinstance(body, bytes) else body(), 4) == (b"abcd", None)


@pytest.mark.parametrize("body", [b"abcde", Pieces(b"ab", b"cd", b"e")])
async def test_beyond_it_is_a_stream_of_the_same_octets(body) -> None:
    read, rest = await whole_body(body if isinstance(body, bytes) else body(), 3)
    assert read == b""
    assert rest is not None
    assert b"".join([piece async for piece in rest]) == b"abcde"
    assert isinstance(body, bytes) or body.closed == 1


@pytest.mark.parametrize("begun", [True, False])
async def test_letting_go_lets_go_of_the_rest(begun: bool) -> None:
    pieces = Pieces(b"ab", b"cd", b"e")
    _, rest = await whole_body(pieces(), 3)
    assert rest is not None
    if begun:
        await anext(rest)
    await rest.aclose()  # type: ignore[attr-defined]
    assert pieces.closed == 1
