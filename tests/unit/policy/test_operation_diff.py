"""Operations compared member by member."""

import msgspec
import pytest

from ringfence.policy.consent_limits_model import ConsentLimits
from ringfence.policy.expression_model import Expression
from ringfence.policy.limits_model import Limit
from ringfence.policy.linking_model import Link, LinkMembers, ObjectRule
from ringfence.policy.minimise_model import Minimise, Minimised, MinimisedField
from ringfence.policy.model import Upstream
from ringfence.policy.new_payee_model import NewPayee
from ringfence.policy.operation_diff import ANSWERS, APART, DEMANDS, OPERATION, SCREENING, SIGNED, compare_operations
from ringfence.policy.operations import Body, EffectiveDemands, Operation
from ringfence.policy.protection_model import Protect, ProtectedField
from ringfence.policy.responses_model import Responses
from ringfence.policy.risk_model import RiskStepUp
from ringfence.policy.rules_model import Idempotency, Rule
from ringfence.policy.screening_model import Screening
from ringfence.policy.signatures_model import SignedBodies
from ringfence.policy.validators import Workshop

RULE = Rule(name="pounds", currencies=("GBP",))
MORE = (
    Rule(name="when", expression=Expression(must="hour > 8", say="later")),
    Rule(name="consent", consent=ConsentLimits(type="vrp", calls="/calls")),
    Rule(name="new", payee=NewPayee(max_age_seconds=60)),
)
SHADOW = msgspec.structs.replace(RULE, mode="shadow")
KEYS = Idempotency(header="idempotency-key")
OPTIONAL = Idempotency(header="idempotency-key", required=False)
LINK = Link(type="pay", members=LinkMembers(amount="/a", currency="/c", payee="/p"))
OBJECT = ObjectRule(parameter="path.id", type="see", granted="/ids/*")
SEALED, OPENED, TOKEN = (
    ProtectedField(Protect(at="/a", on="request", mode=mode), ("a",), "r", "/a")
    for mode in ("encrypt", "open", "tokenise")
)
FOR_THEM = ProtectedField(Protect(at="/a", on="request", mode="seal"), ("a",), "r", "/a")
MINIMISED = Minimised(Minimise(fields={"/a": "p"}), (MinimisedField("/a", ("a",), "p"),))
DEMANDED = EffectiveDemands(frozenset({"s"}), user_required=True, binding="any", limits=(), max_body_bytes=10)


def operation(**more: object) -> Operation:
    made = Operation(
        "a", "v1", "op", "POST", "/p", Upstream(url="http://u"), "a/v1", DEMANDED, (), {}, body_required=False, unknown_query="refuse", statuses=frozenset()
    )  # fmt: skip
    return msgspec.structs.replace(made, **more)


def demanding(**more: object) -> Operation:
    return operation(demands=msgspec.structs.replace(DEMANDED, **more))


def test_every_member_stands_in_a_table() -> None:
    """What stands in none is told as unclear; that should be rare."""
    assert set(Operation.__struct_fields__) == OPERATION.keys() | APART
    assert set(EffectiveDemands.__struct_fields__) == set(DEMANDS)
    assert set(SignedBodies.__struct_fields__) == set(SIGNED)
    assert set(Responses.__struct_fields__) == set(ANSWERS)
    assert set(Screening.__struct_fields__) == set(SCREENING)


@pytest.mark.parametrize(
    ("old", "new", "directions"),
    [
        (demanding(), demanding(link=LINK), ["stricter"]),
        (demanding(link=LINK), demanding(), ["looser"]),
        (demanding(link=LINK), demanding(link=msgspec.structs.replace(LINK, type="other")), ["unclear"]),
        (demanding(), demanding(objects=(OBJECT,)), ["stricter"]),
        (demanding(objects=(OBJECT,)), demanding(), ["looser"]),
        (demanding(), demanding(risk=RiskStepUp(step_up_at=0.5)), ["stricter"]),
        (demanding(risk=RiskStepUp(step_up_at=0.5)), demanding(), ["looser"]),
        (demanding(risk=RiskStepUp(step_up_at=0.5)), demanding(risk=RiskStepUp(step_up_at=0.6)), ["looser"]),
        (demanding(risk=RiskStepUp(step_up_at=0.5)), demanding(risk=RiskStepUp(step_up_at=0.5, acr=())), ["looser"]),
        (demanding(), demanding(rules=(RULE,)), ["stricter"]),
        (demanding(rules=(RULE,)), demanding(rules=(SHADOW,)), ["looser"]),
        (demanding(), demanding(rules=(SHADOW,)), ["other"]),
        *((demanding(), demanding(rules=(one,)), ["stricter"]) for one in MORE),
        *((demanding(rules=(one,)), demanding(), ["looser"]) for one in MORE),
        (demanding(rules=MORE[:1]), demanding(rules=MORE[1:2]), ["looser", "stricter"]),
        (demanding(idempotency=KEYS), demanding(idempotency=OPTIONAL), ["looser"]),
        (demanding(idempotency=OPTIONAL), demanding(idempotency=KEYS), ["stricter"]),
        (demanding(), demanding(idempotency=KEYS), ["unclear"]),
        (demanding(), demanding(body_signature="detached"), ["stricter"]),
        (demanding(body_signature="detached"), demanding(), ["looser"]),
        (demanding(body_signature="detached"), demanding(body_signature="compact"), ["unclear"]),
        (demanding(binding="dpop"), demanding(binding="mtls"), ["stricter", "looser"]),
        (
            demanding(limits=(("l", Limit(per="client", rate_per_second=1, burst=1)),)),
            demanding(limits=(("l", Limit(per="user", rate_per_second=1, burst=1)),)),
            ["unclear"],
        ),
        (demanding(), demanding(answer_sealed="jwe"), ["stricter"]),
        (demanding(answer_sealed="jwe"), demanding(), ["looser"]),
        (demanding(answer_sealed="jwe"), demanding(answer_sealed="visa-mle"), ["other"]),
        (operation(), operation(signed_bodies=SignedBodies(claims=("iss",))), ["looser"] * 3),
        (operation(), operation(protected=(SEALED,)), ["stricter"]),
        (operation(), operation(minimised=MINIMISED), ["stricter"]),
        (operation(protected=(SEALED,)), operation(), ["looser"]),
        (operation(), operation(protected=(OPENED,)), ["looser"]),
        (operation(protected=(OPENED,)), operation(), ["stricter"]),
        (operation(protected=(SEALED,)), operation(protected=(TOKEN,)), ["unclear"]),
        (operation(protected=(OPENED,)), operation(protected=(OPENED, FOR_THEM)), ["stricter"]),
        (operation(protected=(OPENED, FOR_THEM)), operation(protected=(OPENED,)), ["looser"]),
        (operation(), operation(bodies={"x/y": Body("x/y", None)}), ["looser"]),
        (operation(bodies={"x/y": Body("x/y", None)}), operation(), ["stricter"]),
    ],
)
def test_directions(old: Operation, new: Operation, directions: list[str]) -> None:
    assert [direction for direction, _ in compare_operations(old, new)] == directions


def test_a_body_that_is_no_longer_checked_is_looser() -> None:
    workshop = Workshop(keep=True)
    checked = operation(bodies={"application/json": Body("application/json", workshop.validator({}))})
    unchecked = operation(bodies={"application/json": Body("application/json", None)})
    assert list(compare_operations(checked, unchecked)) == [("looser", "body application/json: is no longer checked")]
    assert list(compare_operations(unchecked, checked)) == [("stricter", "body application/json: is checked now")]
