from pathlib import Path

import pytest
from calls import NOW, limits, located, operation, request, token
from world import World

from ringfence.clock import Instant
from ringfence.gateway.assess import assess, weigh
from ringfence.gateway.stages import Authorized, Identified, Weighed
from ringfence.policy.limits_model import Adaptive, Limit
from ringfence.policy.risk_model import RiskStepUp
from ringfence.problem import Reason, Refused
from ringfence.store.risk import MOST_WEIGHT, Piece, entity_key, row_of

DEMAND = RiskStepUp(step_up_at=0.6)
STRONG = {"acr": "urn:ringfence:acr:two-factor", "auth_time": int(NOW) - 60}
CHALLENGE = 'DPoP algs="ES256"'


class Rows:
    def __init__(self, *kinds: tuple[str, str]) -> None:
        self.rows = {entity_key(*one): row_of([Piece(f"against-{one[0]}", 0.5, 1800.0, NOW)]) for one in kinds}
        self.asked: list[bytes] = []

    def get(self, keys):
        self.asked = list(keys)
        return [self.rows.get(key) for key in keys]


def authorized(demand: RiskStepUp | None = DEMAND, **claims: object) -> Authorized:
    return Authorized(Identified(located(operation(demands={"risk": demand}), request()), token(**claims), None))


def test_everything_that_a_call_is_known_by_is_asked_at_once() -> None:
    rows = Rows(("user", "user_a"), ("client", "client_b"))
    weighed = weigh(authorized(actors=("client_a", "client_b")), rows, NOW)
    assert rows.asked == [
        b"network:192.0.2.7",
        b"client:client_a",
        b"grant:grant_a",
        b"user:user_a",
        b"client:client_b",
    ]
    assert weighed.risk == 0.75
    assert weighed.reasons == ("client:against-client", "user:against-user")


def test_of_a_clients_own_token_there_is_no_user_to_ask() -> None:
    rows = Rows()
    assert weigh(authorized(user_id="", grant_id=""), rows, NOW).risk == 0
    assert rows.asked == [b"network:192.0.2.7", b"client:client_a"]


def weighed(risk: float, demand: RiskStepUp | None = DEMAND, **claims: object) -> Weighed:
    return Weighed(authorized(demand, **claims).identified, risk, ("user:r",))


@pytest.mark.parametrize(
    "call",
    [
        weighed(0.59),
        weighed(MOST_WEIGHT, None),
        weighed(MOST_WEIGHT, user_id=""),
        weighed(MOST_WEIGHT, **STRONG),
        weighed(1.0, RiskStepUp(step_up_at=0.6, acr=()), auth_time=int(NOW) - 60),
        weighed(0.9999, RiskStepUp(step_up_at=1.0)),
    ],
)
def test_risk_never_refuses_alone(call: Weighed) -> None:
    assert assess(call, CHALLENGE, NOW).risk == call.risk


@pytest.mark.parametrize(
    "call",
    [
        weighed(0.6),
        weighed(0.6, acr="urn:ringfence:acr:password", auth_time=int(NOW)),
        weighed(0.6, acr="urn:ringfence:acr:two-factor", auth_time=int(NOW) - 901),
        weighed(0.6, acr="urn:ringfence:acr:two-factor"),
    ],
)
def test_a_login_that_is_old_or_weak_is_asked_for_anew(call: Weighed) -> None:
    with pytest.raises(Refused) as refused:
        assess(call, CHALLENGE, NOW)
    assert refused.value.reason is Reason.AUTHENTICATION_INSUFFICIENT
    (header,) = [value for name, value in refused.value.headers if name == "www-authenticate"]
    assert 'error="insufficient_user_authentication"' in header
    assert 'max_age="900"' in header
    assert "two-factor" in header


async def test_in_the_chain_it_is_read_from_the_shared_file_refused_and_told(tmp_path: Path) -> None:
    world = World(tmp_path, demands={"risk": DEMAND})
    assert (await world.call(world.request())).status == 200
    assert world.recorder.events[-1].risk == 0
    row = row_of([Piece("guessing-succeeded", 0.85, 1800.0, NOW)])
    await world.risks.put({entity_key("user", "user_a"): row})
    reason, response = await world.refused(world.request())
    assert (reason, response.status) == ("authentication-insufficient", 401)
    assert (world.recorder.events[-1].risk, world.recorder.events[-1].risk_reasons) == (
        0.85,
        ("user:guessing-succeeded",),
    )
    newer = world.caller.token(world.now, **STRONG)
    assert (await world.call(world.request(token=newer))).status == 200
    assert world.recorder.events[-1].risk == 0.85
    world.now = Instant(NOW + 3600)
    later = world.caller.token(world.now)
    assert (await world.call(world.request(token=later))).status == 200, "it decays by itself"


async def test_a_row_that_cannot_be_read_asks_for_a_login_and_no_more(tmp_path: Path) -> None:
    world = World(tmp_path, demands={"risk": DEMAND})
    await world.risks.put({entity_key("user", "user_a"): b"\xff" * 20})
    assert (await world.refused(world.request()))[0] == "authentication-insufficient"
    strong = world.caller.token(world.now, **STRONG)
    assert (await world.call(world.request(token=strong))).status == 200


async def test_limits_that_go_by_risk_are_told_it(tmp_path: Path) -> None:
    rule = Limit(per="client", rate_per_second=1.0, burst=50, adaptive=Adaptive())
    world = World(tmp_path, demands={"limits": limits(rate=rule)})
    await world.risks.put({entity_key("client", "client_a"): row_of([Piece("injection", 0.6, 86_400.0, NOW)])})
    await world.call(world.request())
    event = world.recorder.events[-1]
    assert event.limit_risk == event.risk == 0.6
    assert event.limit_cost > 1
