from collections.abc import AsyncIterator

from ringfence.gateway.whole import read_whole


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def test_within_the_limit_it_is_one_piece_and_beyond_it_nothing_is_lost() -> None:
    assert await read_whole(b"abc", 3) == (b"abc", None)
    assert await read_whole(pieces(b"a", b"bc"), 3) == (b"abc", None)
    for body in (b"abcd", pieces(b"ab", b"cd", b"ef")):
        read, rest = await read_whole(body, 3)
        assert read == b""
        assert rest is not None
        assert b"".join([piece async for piece in rest]).startswith(b"abcd")
