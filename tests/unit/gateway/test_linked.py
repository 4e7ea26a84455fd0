from decimal import Decimal
from typing import Any

import msgspec
import pytest
from calls import limited, operation, request, token

from ringfence.gateway.linked import exact_amount, require_linked
from ringfence.gateway.stages import Valid
from ringfence.policy.linking_model import Link, Linking, LinkMembers
from ringfence.problem import Reason, Refused

LINKING = Linking(amount="/amount", currency="/currency", payee="/to")
LINK = Link(type="payment", members=LinkMembers(amount="/a", currency="/c", payee="/p"))
DETAIL = {"type": "payment", "amount": "10.00", "currency": "EUR", "to": "DE1"}


def valid(payload: Any, **claims: Any) -> Valid:
    claims = {"authorization_details": (DETAIL,), "consent_id": "consent_1"} | claims
    found = limited(operation(demands={"link": LINK}), request())
    identified = msgspec.structs.replace(found.authorized.identified, token=token(**claims))
    authorized = msgspec.structs.replace(found.authorized, identified=identified)
    return Valid(msgspec.structs.replace(found, authorized=authorized), b"", payload, {})


def differs(payload: Any, **claims: Any) -> list[str]:
    with pytest.raises(Refused) as refused:
        require_linked(valid(payload, **claims), LINKING)
    assert refused.value.reason is Reason.PAYMENT_CHANGED
    return [fault.at for fault in refused.value.faults]


def test_what_was_approved_passes_whatever_else_the_body_holds() -> None:
    call = valid({"a": "10.0", "c": "EUR", "p": "DE1", "more": 1})
    assert require_linked(call, LINKING) is call


def test_each_member_that_differs_is_named() -> None:
    assert differs({"a": "10.01", "c": "EUR", "p": "DE1"}) == ["/a"]
    assert differs({"a": "10.00", "c": "USD", "p": "DE2"}) == ["/c", "/p"]
    assert differs({}) == ["/a", "/c", "/p"]
    assert differs(None) == ["/a", "/c", "/p"]
    assert differs({"a": ["10.00"], "c": None, "p": 1}) == ["/a", "/c", "/p"]


def test_without_one_approval_there_is_nothing_to_compare_with() -> None:
    body = {"a": "10.00", "c": "EUR", "p": "DE1"}
    for claims in (
        {"authorization_details": ()},
        {"authorization_details": (DETAIL, DETAIL)},
        {"authorization_details": (DETAIL | {"type": "other"},)},
        {"consent_id": ""},
    ):
        assert differs(body, **claims) == []
    with pytest.raises(Refused):
        require_linked(valid(body), None)


@pytest.mark.parametrize("text", ["10.00", "10", "0.000000000000000001", "010.5"])
def test_plain_amounts_are_read_exactly(text: str) -> None:
    assert exact_amount(text) == Decimal(text)


AMBIGUOUS = [
    "",
    "1e1",
    "+1",
    "-1",
    " 1",
    "1 ",
    "1\n",
    "1,0",
    "1_0",
    ".5",
    "5.",
    "\u0663",
    "NaN",
    "Infinity",
    "0x1",
    "1" * 19,
]
NO_AMOUNTS = [True, None, 1.5, [], {}, -1, Decimal("NaN"), Decimal(-1), Decimal("Infinity")]


@pytest.mark.parametrize("value", [*AMBIGUOUS, *NO_AMOUNTS])
def test_what_could_be_read_two_ways_is_no_amount(value: Any) -> None:
    assert exact_amount(value) is None
