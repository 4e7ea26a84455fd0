from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from calls import NOW, request
from ruled import claimed, paying

from ringfence.clock import Instant
from ringfence.gateway.idempotent import claim, keep, let_go, replayed
from ringfence.gateway.ports import Ports
from ringfence.gateway.stages import Claimed
from ringfence.message import Response
from ringfence.policy.rules_model import Idempotency
from ringfence.problem import Reason, Refused
from ringfence.store.embedded.lmdb_idempotency import LmdbIdempotencyKeys
from ringfence.store.idempotency import Answer
from ringfence.store.interface import Unavailable

ANSWER = Response(201, (("location", "/p/1"), ("x-correlation-id", "first"), ("dpop-nonce", "n1")), b"{}")


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[LmdbIdempotencyKeys]:
    opened = LmdbIdempotencyKeys(tmp_path / "keys.mdb")
    yield opened
    opened.close()


def ports(keys: Any) -> Ports:
    nothing: Any = None
    return Ports(nothing, nothing, nothing, nothing, nothing, nothing, nothing, idempotency=keys)


async def claiming(
    keys: Any, *values: str, now: float = NOW, required: bool = True, most: int = 100, **more: Any
) -> Claimed:
    demand = Idempotency(header="idempotency-key", required=required, max_answer_bytes=most, keep_seconds=600)
    headers = tuple(("idempotency-key", value) for value in values)
    call = claimed(paying(headers=headers, demands={"idempotency": demand}, **more))
    return await claim(call.constrained, keys, Instant(now))


async def test_an_operation_without_keys_asks_nobody() -> None:
    call = claimed(paying(headers=(("idempotency-key", "k"),)))
    assert await claim(call.constrained, None, NOW) == call


@pytest.mark.parametrize("values", [(), ("a", "b"), ("",), ("x" * 256,), ("a\x7fb",), ("é",)])
async def test_a_key_that_is_none(keys: LmdbIdempotencyKeys, values: tuple[str, ...]) -> None:
    with pytest.raises(Refused) as refused:
        await claiming(keys, *values)
    assert refused.value.reason is Reason.IDEMPOTENCY_KEY
    if values:
        with pytest.raises(Refused):
            await claiming(keys, *values, required=False)
    else:
        assert (await claiming(keys, required=False)).key == b""


async def test_without_a_store_no_key_is_taken() -> None:
    with pytest.raises(Unavailable):
        await claiming(None, "k")


async def test_the_answer_comes_again_with_what_belongs_to_the_new_call(keys: LmdbIdempotencyKeys) -> None:
    first = await claiming(keys, "k")
    assert await keep(first, ANSWER, ports(keys)) == ANSWER
    again = await claiming(keys, "k")
    assert again.answer == Answer(201, (("location", "/p/1"),), b"{}")
    response = replayed(again, request(), "n2")
    assert dict(response.headers) == {
        "location": "/p/1",
        "x-correlation-id": request().correlation,
        "idempotent-replayed": "true",
        "dpop-nonce": "n2",
    }


async def test_another_body_is_another_call(keys: LmdbIdempotencyKeys) -> None:
    await claiming(keys, "k", body=b"1")
    with pytest.raises(Refused) as refused:
        await claiming(keys, "k", body=b"2")
    assert (refused.value.reason, refused.value.status) == (Reason.IDEMPOTENCY_MISMATCH, 422)


async def stream(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def whole(response: Response) -> bytes:
    return response.body if isinstance(response.body, bytes) else b"".join([piece async for piece in response.body])


async def test_a_streamed_answer_is_kept_where_it_is_small(keys: LmdbIdempotencyKeys) -> None:
    first = await claiming(keys, "k")
    assert await whole(await keep(first, Response(200, (), stream(b"a", b"b")), ports(keys))) == b"ab"
    again = await claiming(keys, "k")
    assert again.answer is not None
    assert again.answer.body == b"ab"


@pytest.mark.parametrize("large", [b"x" * 101, None])
async def test_a_large_answer_passes_whole_and_a_repetition_is_told_so(keys: LmdbIdempotencyKeys, large: Any) -> None:
    first = await claiming(keys, "k")
    response = await keep(first, Response(200, (), large or stream(*[b"x" * 20] * 30)), ports(keys))
    assert len(await whole(response)) in {101, 600}
    with pytest.raises(Refused) as refused:
        await claiming(keys, "k")
    assert refused.value.reason is Reason.IDEMPOTENCY_UNCLEAR
    assert "too large" in refused.value.detail


async def test_a_large_answer_that_nobody_reads_is_let_go(keys: LmdbIdempotencyKeys) -> None:
    closed: list[bool] = []

    async def pieces() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 99
        finally:
            closed.append(True)

    response = await keep(await claiming(keys, "k"), Response(200, (), pieces()), ports(keys))
    assert not isinstance(response.body, bytes)
    await response.body.aclose()  # type: ignore[attr-defined]
    assert closed == [True]


async def test_what_was_not_sent_may_be_sent_again(keys: LmdbIdempotencyKeys) -> None:
    await let_go(await claiming(keys, "k"), ports(keys), sent=False)
    second = await claiming(keys, "k")
    await let_go(second, ports(keys), sent=True)
    with pytest.raises(Refused) as refused:
        await claiming(keys, "k")
    assert (refused.value.reason, refused.value.status) == (Reason.IDEMPOTENCY_UNCLEAR, 409)


async def test_keys_that_go_meanwhile_cost_the_answer_nothing(keys: LmdbIdempotencyKeys) -> None:
    class Gone:
        async def settle(self, *_: Any) -> bool:
            raise Unavailable("gone")

        async def release(self, *_: Any) -> bool:
            raise Unavailable("gone")

    first = await claiming(keys, "k")
    assert await keep(first, ANSWER, ports(Gone())) == ANSWER
    await let_go(first, ports(Gone()), sent=False)


async def test_the_file_holds_no_key_in_clear(keys: LmdbIdempotencyKeys, tmp_path: Path) -> None:
    await claiming(keys, "customer-4711")
    assert b"customer-4711" not in (tmp_path / "keys.mdb").read_bytes()


def test_only_a_kept_answer_is_replayed() -> None:
    with pytest.raises(ValueError, match="nothing"):
        replayed(msgspec.structs.replace(claimed(paying())), request(), "")
