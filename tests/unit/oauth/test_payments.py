import msgspec
import pytest

from ringfence.oauth.payments import payment_of, require_own_grant
from ringfence.policy.details import compile_type
from ringfence.policy.linking_model import Linking
from ringfence.problem import Reason, Refused
from ringfence.store.model import Grant

SCHEMA = {
    "required": ["amount", "currency", "iban"],
    "properties": {name: {"type": "string"} for name in ("amount", "currency", "iban")},
}
LINKING = Linking(amount="/amount", currency="/currency", payee="/iban")
TYPES = {
    "payment": compile_type("payment", SCHEMA, "Pay", LINKING),
    "accounts": compile_type("accounts", SCHEMA, "See"),
}
PAYMENT = {"type": "payment", "amount": "1.50", "currency": "EUR", "iban": "DE1"}
ACCOUNTS = PAYMENT | {"type": "accounts"}
GRANT = Grant(grant_id="g", client_id="c", user_id="u", scopes=(), created_at=1.0, expires_at=2.0)


def test_a_payment_is_what_the_token_says() -> None:
    found = payment_of((ACCOUNTS, PAYMENT), TYPES)
    assert found is not None
    assert (found.amount, found.currency, found.payee) == ("1.50", "EUR", "DE1")
    assert (found.amount_shown, found.payee_shown) == ("1.50 EUR", "DE1")
    named = msgspec.structs.replace(found, payee_name="Mia")
    assert named.payee_shown == "Mia – DE1"


def test_other_types_are_no_payments() -> None:
    assert payment_of((ACCOUNTS, ACCOUNTS), TYPES) is None
    assert payment_of((PAYMENT,), {}) is None


@pytest.mark.parametrize("details", [(PAYMENT, PAYMENT), ({"type": "payment"},), (PAYMENT | {"iban": "DE\u202e1"},)])
def test_several_incomplete_and_hidden_ones_are_refused(details) -> None:
    with pytest.raises(Refused) as refused:
        payment_of(details, TYPES)
    assert refused.value.reason is Reason.DETAILS_INVALID


def test_a_grant_that_was_there_holds_none() -> None:
    assert require_own_grant((PAYMENT,), None, TYPES) is not None
    assert require_own_grant((ACCOUNTS,), GRANT, TYPES) is None
    with pytest.raises(Refused):
        require_own_grant((PAYMENT,), GRANT, TYPES)
