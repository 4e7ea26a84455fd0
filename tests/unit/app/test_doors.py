import asyncio
import os
from contextlib import AsyncExitStack

import pytest

from ringfence.app import doors
from ringfence.app.doors import OPERATORS, Doors, on_record
from ringfence.custody.client import SignerClient
from ringfence.custody.wire import (
    Context,
    Done,
    Generate,
    Manage,
    Refusal,
    Sign,
    SignerRefused,
    SignToken,
    Token,
    Unwrap,
)
from ringfence.events.custody import KeyApproved, KeyRefused
from ringfence.keys.compromise import Compromise
from ringfence.keys.management import Management
from ringfence.keys.refusals import Refusals
from ringfence.keys.server import Peer
from ringfence.store.interface import Unavailable
from tests.keys_fixture import open_keeper

OURS = Peer(1, 0, 0)
CONTEXT = Context("t", "/f")


class World:
    """A signer's doors without sockets, and what came into the event stream."""

    def __init__(self, folder) -> None:
        self.events: list = []
        self.keeper = open_keeper(folder, emit=self.events.append)
        self.compromise = Compromise(self.keeper, frozenset({11, 12, 13}))
        refusals = Refusals(self.events.append)
        self.doors = Doors(self.keeper, Management(self.keeper, self.compromise), self.compromise, refusals)

    def refused(self) -> list[tuple[str, str, str, str, str]]:
        found = (event for event in self.events if isinstance(event, KeyRefused))
        return [(one.role, one.by, one.operation, one.purpose, one.reason) for one in found]


@pytest.fixture
def world(tmp_path) -> World:
    return World(tmp_path)


async def test_what_was_changed_is_answered_when_it_is_on_record(tmp_path):
    events: list = []
    keeper = open_keeper(tmp_path, emit=events.append)
    await keeper.active("token")
    order = []

    async def settle() -> None:
        order.append([event.state for event in events])

    keeper.settle = settle
    assert await on_record(keeper, Done("x")) == Done("x")
    assert order == [["pre-activation", "active"]]
    assert await on_record(keeper, Done("x")) == Done("x")
    assert order[-1] == order[0]  # nothing since
    assert keeper.ledger.untold(0) == []


@pytest.mark.parametrize("gone", ["the journal", "the disk"])
async def test_what_is_not_on_record_is_not_answered_as_done_and_is_told_later(tmp_path, gone):
    events: list = []
    keeper = open_keeper(tmp_path, emit=events.append)

    def refuse(_: object) -> None:
        raise Unavailable("no journal")

    async def settle() -> None:
        raise Unavailable("no disk")

    keeper.emit, keeper.settle = (refuse, keeper.settle) if gone == "the journal" else (keeper.emit, settle)
    key = await keeper.active("token")
    reply = await on_record(keeper, Done("x"))
    assert isinstance(reply, Refusal)
    assert reply.kind == "unavailable"
    again = open_keeper(tmp_path, emit=events.append)  # the one before was killed
    assert await on_record(again, Done("x")) == Done("x")
    told = [(event.key, event.state) for event in events[-2:]]
    assert told == [(key.key_id, "pre-activation"), (key.key_id, "active")]
    assert again.ledger.untold(0) == []


async def test_an_approval_is_on_record_before_it_is_answered_the_first_one_too(world):
    wish = world.compromise.wish(await world.keeper.active("token"), "uid:0", "leaked")
    settled = []

    async def settle() -> None:
        settled.append([event.by for event in world.events if isinstance(event, KeyApproved)])

    world.keeper.settle = settle
    for uid in (11, 11, 12):
        reply = await world.doors.answer(OPERATORS, Peer(1, uid, uid), Manage("approve", wish.wish_id))
        assert isinstance(reply, Done)
        assert f"uid:{uid}" in settled[-1]
    told = [event for event in world.events if isinstance(event, KeyApproved)]
    assert [(one.by, one.count, one.wish, one.key) for one in told] == [
        ("uid:11", 1, wish.wish_id, wish.key_id),
        ("uid:12", 2, wish.wish_id, wish.key_id),
    ]


async def test_an_approval_that_is_not_on_record_is_not_answered_as_done(world):
    wish = world.compromise.wish(await world.keeper.active("token"), "uid:0", "leaked")
    await world.keeper.settled()

    async def settle() -> None:
        raise Unavailable("no disk")

    world.keeper.settle = settle
    for uid in (11, 12):
        reply = await world.doors.answer(OPERATORS, Peer(1, uid, uid), Manage("approve", wish.wish_id))
        assert isinstance(reply, Refusal)
        assert reply.kind == "unavailable"
    listed = await world.doors.answer(OPERATORS, Peer(1, 11, 11), Manage("wishes"))
    assert isinstance(listed, Done)  # which changes nothing


async def test_every_refusal_is_on_record_with_who_asked_for_what(world):
    key = await world.keeper.active("token")
    made = await world.keeper.answer("gateway", Generate("data", CONTEXT))
    wish = world.compromise.wish(key, "uid:11", "leaked")
    asked = [
        ("gateway", OURS, SignToken("token", "t", b"{}"), ("sign-token", "token", "not-allowed")),
        ("gateway", OURS, Unwrap(made.data_key, Context("u", "/f")), ("unwrap", "", "failed")),
        ("gateway", OURS, Unwrap("dek_none", CONTEXT), ("unwrap", "", "unknown")),
        ("oauth", OURS, Manage("list"), ("list", "", "not-allowed")),
        ("gateway", OURS, Sign("no purpose\n", b"x"), ("sign", "", "unknown")),
        ("admin", OURS, Manage("resume", "token"), ("resume", "token", "state")),
        ("admin", OURS, Manage("shred", "user:user_mia"), ("shred", "", "unknown")),
        ("admin", OURS, Manage("<script>", "token"), ("unknown", "token", "unknown")),
        (OPERATORS, Peer(1, 99, 99), Manage("approve", wish.wish_id), ("approve", "", "not-allowed")),
        (OPERATORS, Peer(1, 11, 11), Manage("approve", wish.wish_id), ("approve", "", "approval")),
        (OPERATORS, Peer(1, 99, 99), Sign("token", b"x"), ("sign", "token", "not-allowed")),
    ]
    for role, peer, request, expected in asked:
        assert isinstance(await world.doors.answer(role, peer, request), Refusal)
        assert world.refused()[-1] == (role, f"uid:{peer.uid}", *expected)
    assert len(world.refused()) == len(asked)
    assert isinstance(await world.doors.answer("oauth", OURS, SignToken("token", "t", b"{}")), Token)
    assert isinstance(await world.doors.answer("admin", OURS, Manage("list")), Done)
    assert len(world.refused()) == len(asked)


async def test_a_key_that_is_used_up_is_on_record(world, monkeypatch):
    monkeypatch.setattr("ringfence.keys.uses.HARD", 10)
    reply = await world.doors.answer("gateway", OURS, Generate("data", CONTEXT))
    assert isinstance(reply, Refusal)
    assert world.refused() == [("gateway", "uid:0", "generate", "data", "exhausted")]


async def test_an_outage_is_no_refusal(world):
    def gone(*_: object) -> None:
        raise Unavailable("no disk")

    world.keeper.ledger.lease = gone
    reply = await world.doors.answer("oauth", OURS, SignToken("token", "t", b"{}"))
    assert isinstance(reply, Refusal)
    assert world.refused() == []


async def test_who_is_hung_up_on_at_a_socket_is_on_record(world, tmp_path, monkeypatch):
    path = tmp_path / "gateway.sock"
    async with AsyncExitStack() as stack:
        await world.doors.open(stack, path, "gateway")
        client = SignerClient(path)
        with pytest.raises(SignerRefused):
            await client.sign("token", b"x")
        await client.close()
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert await asyncio.wait_for(reader.read(), 30) == b""
        writer.close()
    assert not path.exists()
    monkeypatch.setattr(doors.os, "getuid", lambda: 4711)
    async with AsyncExitStack() as stack:
        await world.doors.open(stack, path, "gateway")
        client = SignerClient(path)
        with pytest.raises(Unavailable):
            await client.sign("token", b"x")
        await client.close()
    monkeypatch.undo()
    ours = f"uid:{os.getuid()}"
    assert world.refused() == [
        ("gateway", ours, "sign", "token", "not-allowed"),
        ("gateway", ours, "request", "", "malformed"),
        ("gateway", ours, "connect", "", "not-allowed"),
    ]


async def test_a_stranger_cannot_fill_the_log(world):
    for n in range(2000):
        await world.doors.answer(OPERATORS, Peer(1, 99, 99), Manage("approve", f"wish_{n}"))
        await world.doors.answer(OPERATORS, Peer(1, 99, 99), Manage(f"word {n}", f"wish_{n}"))
        world.keeper.clock.now += 0.001
    assert len(world.refused()) == 2
