from typing import Any

import msgspec
import pytest
from calls import NOW, limited, operation, request, token

from ringfence.gateway.acceptance import Acceptance
from ringfence.gateway.constrain import constrain
from ringfence.gateway.stages import Screened, Valid
from ringfence.policy.linking_model import Link, LinkMembers, StepUp
from ringfence.problem import Reason, Refused

ACCEPTED = Acceptance(
    issuer="i",
    audience="i",
    algorithms=frozenset(),
    proof_window=60.0,
    skew=30.0,
    authorities=frozenset(),
    challenge="DPoP",
    max_json_depth=8,
)
STEP = StepUp(amount="/amount", at_least="100.00", acr=("gold",))


def valid(payload: Any, demands: dict[str, Any], **claims: Any) -> Screened:
    found = limited(operation(demands=demands), request())
    identified = msgspec.structs.replace(found.authorized.identified, token=token(**claims))
    authorized = msgspec.structs.replace(found.authorized, identified=identified)
    return Screened(Valid(msgspec.structs.replace(found, authorized=authorized), b"", payload, {}))


def test_without_demands_every_call_is_within_them() -> None:
    call = valid(None, {})
    assert constrain(call, ACCEPTED, NOW).screened is call


@pytest.mark.parametrize("amount", ["100", "100.00", "100.01", 100, "much", None, "1e2"])
def test_from_the_amount_on_and_where_it_cannot_be_read(amount: Any) -> None:
    with pytest.raises(Refused) as refused:
        constrain(valid({"amount": amount}, {"step_up": (STEP,)}, acr="silver"), ACCEPTED, NOW)
    assert refused.value.reason is Reason.AUTHENTICATION_INSUFFICIENT
    constrain(valid({"amount": amount}, {"step_up": (STEP,)}, acr="gold"), ACCEPTED, NOW)


def test_below_the_amount_any_login_will_do() -> None:
    constrain(valid({"amount": "99.999"}, {"step_up": (STEP,)}, acr="silver"), ACCEPTED, NOW)


def test_a_link_whose_type_is_gone_lets_nothing_through() -> None:
    link = Link(type="payment", members=LinkMembers(amount="/a", currency="/b", payee="/c"))
    with pytest.raises(Refused) as refused:
        constrain(valid({}, {"link": link}), ACCEPTED, NOW)
    assert refused.value.reason is Reason.PAYMENT_CHANGED
