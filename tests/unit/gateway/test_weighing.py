"""What limits cost and why, through the whole chain: in the event, in trust, and for payments that customers approved."""

from pathlib import Path
from typing import Any

import pytest
from calls import NOW, limits, located, operation, request, token
from world import World

from ringfence.clock import Instant
from ringfence.gateway import pipeline
from ringfence.gateway.limit import limit
from ringfence.gateway.ports import Admissions
from ringfence.gateway.rate_limit_fields import OverLimit
from ringfence.gateway.stages import Assessed, Identified, Limited, Weighing
from ringfence.gateway.weighing import blemish
from ringfence.policy.limits_model import Adaptive, InFlight, Limit, Quota, Trust
from ringfence.policy.linking_model import Link, LinkMembers
from ringfence.problem import Reason, Refused

TRUST = Trust(up_to=4, after_calls=10, half_life_seconds=86_400)
HARD = Limit(per="client", rate_per_second=100, burst=999)
EARNED = Limit(per="client", rate_per_second=1, burst=19, adaptive=Adaptive(factor=4, power=2, trust=TRUST))


LINK = Link(type="payment", members=LinkMembers(amount="/a", currency="/b", payee="/c"))


class Step:
    """The step alone, on one world's shared state."""

    def __init__(self, world: World, **named: Limit) -> None:
        self.world = world
        self.named = limits(**named)

    async def take(self, risk: float = 0.0, *, paying: bool, consent: str = "consent_a") -> Weighing | None:
        """Return what a call cost, or None if it was refused."""
        op = operation(demands={"limits": self.named, "link": LINK if paying else None})
        who = token(consent_id=consent if paying or consent == "other" else "")
        try:
            passed = await limit(Assessed(Identified(located(op, request()), who, None), risk), self.world.state, NOW)
        except OverLimit:
            return None
        return passed.weighing


class Risk:
    """Gives every call a risk, as the step that assesses it will."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.risk = 0.0
        monkeypatch.setattr(pipeline, "limit", self)

    async def __call__(self, assessed: Assessed, admissions: Admissions, now: Instant, **more: Any) -> Limited:
        return await limit(Assessed(assessed.identified, self.risk), admissions, now, **more)


@pytest.fixture
def risk(monkeypatch: pytest.MonkeyPatch) -> Risk:
    return Risk(monkeypatch)


def world(directory: Path, **named: Limit) -> World:
    return World(directory, demands={"limits": limits(**named)})


def said(world: World) -> tuple[float, float, str]:
    event = world.recorder.events[-1]
    return event.limit_risk, event.limit_cost, event.limit_why


async def test_every_decision_shows_risk_cost_and_why(tmp_path: Path, risk: Risk) -> None:
    here = world(tmp_path, hard=HARD, earned=EARNED)
    risk.risk = 0.5
    assert (await here.call(here.request())).status == 200
    assert said(here) == (0.5, 2.0, "earned: 1·(1+4·0.5^2)")
    risk.risk = 0.0
    await here.refused(here.request(query="unknown=1"))
    assert said(here) == (0.5, 2.0, "earned: 1·(1+4·0.5^2), risk held")
    risk.risk = 1.0
    reasons = [(await here.call(here.request())).status for _ in range(4)]
    assert reasons == [200, 200, 200, 429]
    assert said(here) == (1.0, 5.0, "earned: 1·(1+4·1^2)")
    await here.refused(here.request(token="x"))
    assert said(here) == (0.0, 0.0, "")


@pytest.mark.parametrize("bad", [float("nan"), -0.1, 1.1, float("inf")])
async def test_what_is_no_score_counts_as_the_highest(tmp_path: Path, risk: Risk, bad: float) -> None:
    here = world(tmp_path, hard=HARD, earned=EARNED)
    risk.risk = bad
    await here.call(here.request())
    assert said(here)[:2] == (1.0, 5.0)


async def test_limits_that_do_not_adapt_cost_what_they_cost(tmp_path: Path, risk: Risk) -> None:
    here = world(tmp_path, hard=HARD, day=Limit(per="client", quota=Quota(calls=5)))
    risk.risk = 1.0
    assert (await here.call(here.request())).status == 200
    assert said(here) == (0.0, 1.0, "")


async def test_trust_is_earned_bounded_and_lost_by_a_call_that_is_refused(tmp_path: Path, risk: Risk) -> None:
    here = world(tmp_path, hard=HARD, earned=EARNED)
    costs = []
    for _ in range(12):
        await here.call(here.request())
        costs.append(said(here)[1])
    assert costs[0] == 1
    assert costs[10] == costs[11] == pytest.approx(0.25)
    assert said(here)[2] == "earned: 1·(1+4·0^2)/4 trust"
    for _ in range(2):
        await here.refused(here.request(query="unknown=1"))
    await here.call(here.request())
    assert said(here)[1] > 0.4


@pytest.mark.parametrize(
    ("reason", "halved"),
    [
        (Reason.OUTSIDE_HOURS, 1),
        (Reason.CONSENT_USED, 1),
        (Reason.AUTHENTICATION_INSUFFICIENT, 0),
        (Reason.IDEMPOTENCY_UNDER_WAY, 0),
        (Reason.OVERLOADED, 0),
        (Reason.UPSTREAM_TIMEOUT, 0),
    ],
)
async def test_who_is_told_to_come_again_loses_no_trust(reason: Reason, halved: int) -> None:
    class Noting:
        said: list[object] = []  # noqa: RUF012 - of this test

        async def blemish(self, buckets: object) -> None:
            self.said.append(buckets)

    assessed = Assessed(Identified(located(operation(), request()), token(), None))
    await blemish(Limited(assessed, -1, earning=(b"k",)), Refused(reason), Noting())  # type: ignore[arg-type]  # one verb
    assert len(Noting.said) == halved


async def test_the_hard_cap_holds_whom_everybody_trusts(tmp_path: Path, risk: Risk) -> None:
    here = world(tmp_path, hard=Limit(per="client", rate_per_second=1, burst=29), earned=EARNED)
    statuses = [(await here.call(here.request())).status for _ in range(40)]
    assert statuses == [200] * 30 + [429] * 10


KINDS: list[dict[str, Any]] = [
    {"rate_per_second": 0.001, "burst": 4},
    {"quota": Quota(calls=5)},
    {"in_flight": InFlight(calls=5)},
]


@pytest.mark.parametrize("kind", KINDS)
async def test_other_calls_never_take_what_is_kept_for_payments(tmp_path: Path, kind: dict[str, Any]) -> None:
    step = Step(world(tmp_path), kept=Limit(per="client", reserve=2, **kind))
    assert [await step.take(paying=False) is not None for _ in range(6)] == [True] * 3 + [False] * 3
    assert [await step.take(paying=True) is not None for _ in range(3)] == [True, True, False]
    assert await step.take(paying=False) is None


async def test_risk_makes_an_approved_payment_no_dearer_and_nothing_else_is_one(tmp_path: Path) -> None:
    step = Step(world(tmp_path), earned=EARNED)
    assert await step.take(1.0, paying=True) == Weighing(1.0, 1.0, "earned: 1·(1+0·1^2), a payment's floor")
    for forged in ({"paying": True, "consent": ""}, {"paying": False, "consent": "other"}):
        found = await step.take(1.0, **forged)  # type: ignore[arg-type]  # of two types
        assert found == Weighing(1.0, 5.0, "earned: 1·(1+4·1^2)")


async def test_no_risk_shuts_a_caller_out_for_good(tmp_path: Path) -> None:
    steep = Limit(per="client", rate_per_second=1, burst=2, adaptive=Adaptive(factor=1000))
    step = Step(world(tmp_path), steep=steep)
    assert await step.take(1.0, paying=False) == Weighing(1.0, 3.0, "steep: 1·(1+1000·1^2), at most")
