import msgspec
import pytest
from calls import NOW, limits, located, operation, request, token

from ringfence.clock import Instant
from ringfence.gateway.limit import limit
from ringfence.gateway.rate_limit_fields import OverLimit
from ringfence.gateway.stages import Assessed, Identified
from ringfence.policy.limits_model import InFlight, Limit, Quota
from ringfence.problem import Reason, Refused
from ringfence.proofs.dpop import Proof
from ringfence.store.interface import Admission, Admitted, Standing

PROOF = Proof(jkt="k" * 43, jti="j", issued_at=NOW, replay_key=b"replay", replay_until=Instant(NOW + 60))
ADMITTED = Admitted()
STANDING = (Standing(1, 1.0),)


class Answers:
    """Answers as told and remembers what was asked."""

    def __init__(self, answer: Admitted) -> None:
        self.answer = answer
        self.asked = Admission()

    async def admit(self, asked: Admission, now: Instant) -> Admitted:
        self.asked = asked
        return self.answer if self.answer.standings else msgspec.structs.replace(self.answer, standings=STANDING)


async def ask(
    answer: Admitted = ADMITTED, proof: Proof | None = PROOF, rules: dict[str, Limit] | None = None, **claims: object
) -> Admission:
    op = operation(demands={"limits": limits(**(rules or {}))})
    answers = Answers(answer)
    await limit(Assessed(Identified(located(op, request()), token(**claims), proof)), answers, NOW)
    return answers.asked


async def test_everything_that_can_be_revoked_is_asked_for() -> None:
    always = {b"network:192.0.2.7", b"token:j1", b"client:client_a", b"key:k1"}
    assert set((await ask()).blocks) == always | {b"grant:grant_a", b"user:user_a"}
    assert set((await ask(grant_id="", user_id="")).blocks) == always
    assert set((await ask(grant_id="", user_id="", sid="sid_1")).blocks) == always | {b"session:sid_1"}


async def test_whoever_passed_the_token_on_is_asked_for_too() -> None:
    blocks = (await ask(actors=("client_a", "client_b", "client_c"))).blocks
    assert {b"client:client_a", b"client:client_b", b"client:client_c"} <= set(blocks)
    assert len(set(blocks)) == len(blocks)


async def test_a_token_of_before_its_customer_decided_anew_is_refused() -> None:
    asked = await ask(issued_at=NOW)
    assert (asked.superseded, asked.issued_at) == ((b"superseded:grant_a",), NOW)
    assert (await ask(grant_id="")).superseded == ()
    with pytest.raises(Refused) as refused:
        await ask(Admitted(superseded=0))
    assert refused.value.reason is Reason.TOKEN_REVOKED


async def test_a_proof_is_claimed_until_it_is_stale() -> None:
    assert (await ask()).claims == ((b"replay", NOW + 60),)
    assert (await ask(proof=None)).claims == ()


@pytest.mark.parametrize(
    ("per", "key"),
    [
        ("client", b"r|client_a"),
        ("user", b"r|user_a"),
        ("grant", b"r|grant_a"),
        ("network", b"r|192.0.2.7"),
        ("operation", b"r|client_a|bank/v1|GetA"),
        ("everyone", b"r|"),
    ],
)
async def test_what_shares_a_bucket(per: str, key: bytes) -> None:
    (bucket,) = (await ask(rules={"r": Limit(per=per, rate_per_second=4.0, burst=8)})).buckets
    assert bucket.key == key
    assert (bucket.interval, bucket.tolerance) == (0.25, 2.0)


async def test_each_kind_of_limit_refuses_for_its_own_reason() -> None:
    rules = {
        "rate": Limit(per="client", rate_per_second=1, burst=1),
        "day": Limit(per="client", quota=Quota(calls=5, zone="Europe/London")),
        "once": Limit(per="client", in_flight=InFlight(calls=3)),
    }
    standings = tuple(Standing(0, seconds) for seconds in (1.0, 3600.0, 1.0))
    told = []
    for i in range(3):
        with pytest.raises(OverLimit) as refused:
            await ask(Admitted(limited=i, retry_after=standings[i].seconds, standings=standings), rules=rules)
        told.append((refused.value.reason, dict(refused.value.headers)["retry-after"], refused.value.detail))
    assert told == [
        (Reason.RATE_LIMITED, "1", "limit rate: 1 calls a second, bursts of 1; try again in 1 s"),
        (Reason.QUOTA_EXCEEDED, "3600", "limit day: 5 calls a day (Europe/London); try again in 3600 s"),
        (Reason.CALLS_IN_FLIGHT, "1", "limit once: 3 calls at once; try again in 1 s"),
    ]


async def test_an_operation_that_costs_more_takes_more() -> None:
    op = operation(demands={"limits": limits(r=Limit(per="client", rate_per_second=1, burst=9)), "cost": 5})
    answers = Answers(Admitted(standings=(Standing(5, 5.0),)))
    await limit(Assessed(Identified(located(op, request()), token(), PROOF)), answers, NOW)
    assert answers.asked.buckets[0].cost == 5


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Admitted(blocked=0), Reason.NETWORK_BLOCKED),
        (Admitted(blocked=1), Reason.TOKEN_REVOKED),
        (Admitted(replayed=0), Reason.PROOF_REPLAYED),
        (Admitted(limited=0, retry_after=2.2, standings=(Standing(0, 2.2),)), Reason.RATE_LIMITED),
    ],
)
async def test_each_answer_has_its_reason(answer: Admitted, reason: Reason) -> None:
    with pytest.raises(Refused) as refused:
        await ask(answer, rules={"r": Limit(per="client", rate_per_second=1.0, burst=1)})
    assert refused.value.reason is reason
    if reason is Reason.RATE_LIMITED:
        assert isinstance(refused.value, OverLimit)
        assert refused.value.headers == (("retry-after", "3"),)
        assert refused.value.told[1] == ("ratelimit", '"r";r=0;t=3')
    assert msgspec.json.encode(refused.value.detail)


async def test_a_step_up_is_asked_for_and_refuses() -> None:
    asked = await ask()
    assert asked.step_up == (b"step-up:user:user_a", b"step-up:client:client_a", b"step-up:grant:grant_a")
    assert asked.proved_at == 0
    with pytest.raises(Refused) as why:
        await ask(Admitted(step_up=0, step_up_since=NOW - 5))
    assert why.value.reason is Reason.AUTHENTICATION_INSUFFICIENT
    assert 'max_age="5"' in dict(why.value.headers)["www-authenticate"]
