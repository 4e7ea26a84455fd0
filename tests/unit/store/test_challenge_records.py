"""Answered once and redeemed once; who may do either in which order is in the conformance tests, on both databases."""

import asyncio
from pathlib import Path

import pytest

from ringfence.clock import Instant
from ringfence.store.challenges import LoginChallenge
from ringfence.store.model import Client
from ringfence.store.records import KEPT_AFTER_END, open_records

NOW = Instant(1_000.0)
CHALLENGE = LoginChallenge(
    challenge_hash="c",
    kind="login",
    uri_hash="u",
    client_id="client",
    browser_hash="b",
    content={"scopes": ["a"]},
    created_at=NOW,
    expires_at=Instant(2_000.0),
)


@pytest.fixture
async def records(tmp_path: Path):
    found = await open_records(f"sqlite+aiosqlite:///{tmp_path}/r.db")
    await found.add_client(Client(client_id="client", name="c", created_at=NOW))
    await found.add_challenge(CHALLENGE)
    yield found
    await found.close()


async def test_a_challenge_is_there_until_its_time_is_over(records) -> None:
    assert await records.challenge("c", NOW) == CHALLENGE
    assert await records.list_challenges(NOW) == [CHALLENGE]
    late = CHALLENGE.expires_at
    assert await records.challenge("c", late) is None
    assert await records.list_challenges(late) == []
    assert not await records.answer_challenge("c", {}, "v", late)
    assert await records.sweep(Instant(late + KEPT_AFTER_END)) == 1


async def test_one_answer_and_one_way_back(records) -> None:
    assert await records.redeem_verifier("", "u", "b", NOW) is None
    won = await asyncio.gather(*(records.answer_challenge("c", {"n": n}, f"v{n}", NOW) for n in range(20)))
    assert won.count(True) == 1
    verifier = f"v{won.index(True)}"
    for wrong in (("v", "u", "b"), (verifier, "x", "b"), (verifier, "u", "x")):
        assert await records.redeem_verifier(*wrong, NOW) is None
    assert await records.redeem_verifier(verifier, "u", "b", CHALLENGE.expires_at) is None
    got = await asyncio.gather(*(records.redeem_verifier(verifier, "u", "b", NOW) for _ in range(20)))
    (redeemed,) = [one for one in got if one is not None]
    assert (redeemed.answer, redeemed.redeemed_at) == ({"n": won.index(True)}, NOW)


async def test_it_goes_with_its_client(records) -> None:
    await records.remove_client("client")
    assert await records.challenge("c", NOW) is None
