"""One policy for some clients, another for the rest: whole calls, and what both count together."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from calls import operation
from world import Table, World

from ringfence.gateway.canary import client_of
from ringfence.gateway.pipeline import Ruleset
from ringfence.policy.canary import Share
from ringfence.policy.limits_model import Limit, Quota
from ringfence.policy.operations import Operation
from ringfence.proofs.pairwise_subjects import public_only
from ringfence.store.interface import Unavailable

DAY = ("day", Limit(per="client", quota=Quota(calls=3)))


class Tried(World):
    """A world in which a policy is tried on `client_a`."""

    def __init__(self, directory: Path, share: Share | None = None, running: Any = None, **canary: Any) -> None:
        super().__init__(directory, **(running or {}))
        self.running = msgspec.structs.replace(self.gateway._rules, name="r" * 16)
        self.share = share or Share(0.0, frozenset({"client_a"}), "s")
        self.gateway.replace(self.running, self.canary(operation(**canary)))

    def canary(self, op: Operation) -> Ruleset:
        return msgspec.structs.replace(self.running, table=Table(op), name="c" * 16, share=self.share)

    async def of(self, client: str) -> str:
        """Return the reason for which a call of a client is refused; empty: it passes."""
        await self.call(self.request(token=self.caller.token(self.now, client_id=client, jti=client)))
        return self.recorder.events[-1].reason

    def decided_by(self) -> tuple[str, bool]:
        event = self.recorder.events[-1]
        return event.policy[:1], event.canary


async def test_its_clients_are_decided_by_it_and_all_others_by_the_running_policy(tmp_path: Path) -> None:
    world = Tried(tmp_path, demands={"scopes": frozenset({"accounts", "more"})})
    for _ in range(3):
        assert (await world.of("client_a"), world.decided_by()) == ("scope-missing", ("c", True))
        assert (await world.of("client_b"), world.decided_by()) == ("", ("r", False))


@pytest.mark.parametrize("percent", [0.0, 100.0])
async def test_a_share_of_all_takes_whoever_is_known(tmp_path: Path, percent: float) -> None:
    world = Tried(tmp_path, Share(percent, salt="s"), demands={"scopes": frozenset({"more"})})
    assert await world.of("client_a") == ("scope-missing" if percent else "")


async def test_calls_of_nobody_are_the_running_policys(tmp_path: Path) -> None:
    world = Tried(tmp_path, Share(100.0, salt="s"))
    forged = world.caller.token(world.now)[:-8] + "AAAAAAAA"
    for request in (
        world.request(token="no.token.at.all"),
        world.request(token=forged),
        world.request(token=world.caller.token(world.now - 4000)),
        msgspec.structs.replace(world.request(), headers=()),
    ):
        await world.call(request)
        assert world.recorder.events[-1].reason.startswith(("token-", "scheme-"))
        assert world.decided_by() == ("r", False)


async def test_a_path_that_only_the_canary_opens_is_there_for_its_clients_alone(tmp_path: Path) -> None:
    world = Tried(tmp_path)

    class Nothing(Table):
        def match(self, method: str, path: str) -> Any:
            return super().match(method, "/elsewhere")

    closed = msgspec.structs.replace(world.running, table=Nothing(operation()))
    world.gateway.replace(closed, world.canary(operation()))
    assert await world.of("client_a") == ""
    assert await world.of("client_b") == "unknown-path"
    await world.call(msgspec.structs.replace(world.request(), headers=()))
    assert (world.recorder.events[-1].reason, world.decided_by()) == ("unknown-path", ("r", False))


async def test_what_is_asked_of_a_proof_is_what_the_canary_asks(tmp_path: Path) -> None:
    world = Tried(tmp_path, demands={"nonce_required": True})
    assert (await world.of("client_a"), await world.of("client_b")) == ("proof-nonce", "")
    other = Tried(tmp_path / "other", running={"demands": {"nonce_required": True}})
    assert (await other.of("client_a"), await other.of("client_b")) == ("", "proof-nonce")


async def test_a_client_keeps_what_it_has_used_up_on_either_side(tmp_path: Path) -> None:
    limited = {"demands": {"limits": (DAY,)}}
    world = Tried(tmp_path, running=limited, **limited)
    canary = world.gateway._canary
    assert canary is not None
    world.gateway.replace(world.running)
    assert [await world.of("client_a") for _ in range(2)] == ["", ""]
    world.gateway.replace(world.running, canary)
    assert [await world.of("client_a") for _ in range(2)] == ["", "quota-exceeded"]
    assert world.recorder.events[-1].private == "limit day"
    world.gateway.replace(world.running)
    assert await world.of("client_a") == "quota-exceeded"


async def test_a_limit_that_is_of_another_kind_in_the_canary_counts_for_itself(tmp_path: Path) -> None:
    """Rows of quotas and of rates lie apart, so that neither is read as the other."""
    rate = ("day", Limit(per="client", rate_per_second=1, burst=1))
    world = Tried(tmp_path, running={"demands": {"limits": (DAY,)}}, demands={"limits": (rate,)})
    canary = world.gateway._canary
    world.gateway.replace(world.running)
    assert [await world.of("client_a") for _ in range(4)] == ["", "", "", "quota-exceeded"]
    world.gateway.replace(world.running, canary)
    assert [await world.of("client_a") for _ in range(3)] == ["", "", "rate-limited"]


async def test_a_limit_that_clients_of_both_sides_share_is_one(tmp_path: Path) -> None:
    """What each side may change of it (policy.canary_counting) leaves its count alone."""
    everyone, more = (("all", Limit(per="everyone", quota=Quota(calls=calls))) for calls in (4, 5))
    world = Tried(tmp_path, running={"demands": {"limits": (everyone,)}}, demands={"limits": (more,)})
    answers = [await world.of(client) for client in ("client_b", "client_a") * 4]
    assert answers == [""] * 4 + ["quota-exceeded", "", "quota-exceeded", "quota-exceeded"]


async def test_a_proof_counts_once_over_both_sides(tmp_path: Path) -> None:
    world = Tried(tmp_path)
    request = world.request()
    await world.call(request)
    canary = world.gateway._canary
    world.gateway.replace(world.running)
    await world.call(request)
    assert world.recorder.events[-1].reason == "proof-replayed"
    world.gateway.replace(world.running, canary)
    await world.call(request)
    assert world.recorder.events[-1].reason == "proof-replayed"


async def test_without_a_canary_no_token_is_looked_at_before_its_path(tmp_path: Path) -> None:
    world = World(tmp_path)
    asked: list[str] = []
    world.key = asked.append  # type: ignore[method-assign,assignment]
    await world.call(msgspec.structs.replace(world.request(), path="/nowhere"))
    assert (world.recorder.events[-1].reason, asked) == ("unknown-path", [])


async def test_what_cannot_be_told_is_nobody(tmp_path: Path) -> None:
    world = World(tmp_path)
    rules = world.gateway._rules

    def gone(*_: object) -> str:
        raise Unavailable("the key of pairwise subjects")

    request = world.request()
    assert client_of(request, rules.accepted, world, rules.memory, world.now, public_only) == "client_a"
    pairwise = world.request(token=world.caller.token(world.now, jti="p", sub="pairwise:x"))
    found = client_of(pairwise, rules.accepted, world, rules.memory, world.now, gone)
    assert found in {"", "client_a"}
