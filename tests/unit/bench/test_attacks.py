"""The requests of attacks are what they claim to be."""

import asyncio
import json
import zlib

import pytest

from bench.attackers import KINDS, _outcome
from bench.attacks import ATTACKS, BLOWS, LARGEST, MERSENNE, blows, colliding
from bench.callers import Issuing, callers
from bench.http2_frames import GOAWAY, HEADERS, RESET, SETTINGS, frame, get


def java_hash(text: str) -> int:
    value = 0
    for one in text:
        value = (31 * value + ord(one)) & 0xFFFFFFFF
    return value


def test_names_collide_and_are_different() -> None:
    names = list(json.loads(colliding(2_000)))
    assert len(set(names)) == 2_000
    assert len({java_hash(name) for name in names}) == 1
    assert hash(MERSENNE * 7) == hash(MERSENNE * 11)


@pytest.fixture
async def who() -> list[object]:
    class Named(Issuing):
        def __init__(self) -> None:
            pass

        async def token(self, client_id: str, confirmation: dict[str, str]) -> str:
            return f"{client_id}.{confirmation['jkt']}"

    return list(await callers(Named(), ["a"]))


@pytest.mark.parametrize("kind", [kind for kind in ATTACKS if kind not in KINDS])
async def test_every_blow_is_framed_and_has_a_proof_of_its_own(kind: str, who: list[object]) -> None:
    made = list(blows(kind, "localhost:1", who))  # type: ignore[arg-type]
    assert len(made) == BLOWS == len(set(made)) or kind == "large heads"
    head, _, body = made[0].partition(b"\r\n\r\n")
    if body:
        assert f"content-length: {len(body)}".encode() in head.split(b"\r\n")
    if kind == "compressed bombs":
        assert b"content-encoding: gzip" in head
        assert len(body) <= LARGEST
        unpacked = zlib.decompressobj(wbits=31).decompress(body)
        assert len(unpacked) > 500 * len(body)
    elif kind != "large bodies":
        assert len(body) <= LARGEST + 1


async def test_what_a_server_does_against_http2() -> None:
    for last, outcome in (
        (frame(RESET, 0, 1, b"\0" * 4), "reset"),
        (frame(GOAWAY, 0, 0, b"\0" * 8), "goaway"),
        (b"", "ended"),
    ):
        reader = asyncio.StreamReader()
        reader.feed_data(frame(SETTINGS, 0, 0) + frame(HEADERS, 4, 1, get("h", "/")) + last)
        reader.feed_eof()
        assert await _outcome(reader) == outcome
