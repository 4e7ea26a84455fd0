from pathlib import Path

import msgspec
import pytest
from calls import NOW, located, operation, request, token
from world import World

from ringfence.clock import Instant
from ringfence.gateway.acceptance import Acceptance
from ringfence.gateway.recognise import recognise, turn_away, vouched
from ringfence.gateway.stages import Authorized, Identified
from ringfence.intel.table import UNLISTED, Listing
from ringfence.oauth.tokens import ACR_PASSKEY, ACR_PASSWORD, ACR_TWO_FACTOR
from ringfence.policy.watch_model import Watch
from ringfence.problem import Reason, Refused

STRONG = Watch().step_up_acr
ACCEPTED = Acceptance("", "", frozenset(), 0, 0, frozenset(), 'DPoP algs="ES256"', 1, {}, step_up_acr=STRONG)


class Said:
    """Keeps what it was asked."""

    def of(self, address: str, agent: str, now: Instant) -> Listing:
        self.asked = (address, agent, now)
        return Listing(("drop",), "refuse")


def test_the_peer_counts_and_nothing_that_the_caller_says_of_its_address() -> None:
    said = Said()
    call = request(headers=(("x-forwarded-for", "1.1.1.1"), ("forwarded", "for=1.1.1.1"), ("user-agent", "sqlmap")))
    assert recognise(call, said, NOW).feeds == ("drop",)
    assert said.asked == (call.peer.address, "sqlmap", NOW)


def test_only_refuse_refuses() -> None:
    with pytest.raises(Refused) as refused:
        turn_away(Listing(("drop",), "refuse"))
    assert refused.value.reason is Reason.NETWORK_BLOCKED
    assert refused.value.private == "listed: drop"
    assert "drop" not in str(refused.value.detail)
    for listing in (UNLISTED, Listing(("x",), "tag"), Listing(("x",), "step-up")):
        assert turn_away(listing) is listing


@pytest.mark.parametrize(
    ("action", "acr", "user", "passes"),
    [
        ("tag", ACR_PASSWORD, "u", True),
        ("step-up", ACR_PASSWORD, "u", False),
        ("step-up", "", "u", False),
        ("step-up", ACR_TWO_FACTOR, "u", True),
        ("step-up", ACR_PASSKEY, "u", True),
        ("step-up", "", "", True),
    ],
)
def test_step_up_asks_for_a_strong_login(action: str, acr: str, user: str, passes: bool) -> None:
    call = Authorized(Identified(located(operation(), request()), token(acr=acr, user_id=user), None))
    listing = Listing(("vpn",), action)  # type: ignore[arg-type]
    if passes:
        assert vouched(call, listing, ACCEPTED, NOW) is call
        return
    with pytest.raises(Refused) as refused:
        vouched(call, listing, ACCEPTED, NOW)
    assert refused.value.reason is Reason.AUTHENTICATION_INSUFFICIENT
    ((_, challenge),) = refused.value.headers
    assert f'acr_values="{ACR_TWO_FACTOR} {ACR_PASSKEY}"' in challenge


class Feeds:
    """Says of everybody what it is told to say."""

    def __init__(self, listing: Listing) -> None:
        self.listing = listing

    def of(self, address: str, agent: str, now: Instant) -> Listing:
        del address, agent, now
        return self.listing


def known(world: World, *feeds: str, action: str = "tag") -> World:
    ports = msgspec.structs.replace(world.gateway._ports, intelligence=Feeds(Listing(feeds, action)))  # type: ignore[arg-type]
    world.gateway._ports = ports
    return world


async def test_who_is_to_be_refused_is_so_before_the_token_is_looked_at(tmp_path: Path) -> None:
    world = known(World(tmp_path), "drop", action="refuse")
    for token_ in (None, "nonsense"):
        reason, response = await world.refused(world.request(token=token_))
        assert (reason, response.status) == ("network-blocked", 403)
        assert b"drop" not in response.body
    assert {event.listed for event in world.recorder.events} == {("drop",)}


async def test_who_is_named_is_on_record_and_served(tmp_path: Path) -> None:
    world = known(World(tmp_path), "tools", "vpn")
    assert (await world.call(world.request())).status == 200
    assert world.recorder.events[-1].listed == ("tools", "vpn")


async def test_a_call_that_has_to_step_up_takes_nothing(tmp_path: Path) -> None:
    world = known(World(tmp_path), "vpn", action="step-up")
    accepted = msgspec.structs.replace(world.gateway._rules.accepted, step_up_acr=STRONG)
    world.gateway.replace(msgspec.structs.replace(world.gateway._rules, accepted=accepted))
    call = world.request()
    reason, response = await world.refused(call)
    assert (reason, response.status) == ("authentication-insufficient", 401)
    known(world, "vpn")
    assert (await world.call(call)).status == 200  # its proof was not used up
