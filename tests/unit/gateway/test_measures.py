import pytest
from calls import token

from ringfence.clock import Instant
from ringfence.gateway.measures import proved_at, slowing, step_up_demanded, step_up_marks
from ringfence.problem import Reason


def test_only_a_call_for_a_customer_can_be_stepped_up() -> None:
    assert step_up_marks(token(user_id="")) == ()
    assert step_up_marks(token(grant_id="")) == (b"step-up:user:user_a", b"step-up:client:client_a")
    assert b"step-up:grant:grant_a" in step_up_marks(token())


def test_a_login_counts_by_its_class() -> None:
    strong = token(acr="strong", auth_time=Instant(100.0))
    assert proved_at(strong, ("strong",)) == 100.0
    assert proved_at(strong, ("other",)) == 0
    assert proved_at(token(acr="strong", auth_time=None), ("strong",)) == 0


def test_the_refusal_says_what_to_ask_for() -> None:
    refused = step_up_demanded(("a", "b"), "DPoP", 12.9)
    assert (refused.reason, refused.status) == (Reason.AUTHENTICATION_INSUFFICIENT, 401)
    ((name, value),) = refused.headers
    assert name == "www-authenticate"
    assert 'error="insufficient_user_authentication"' in value
    assert 'acr_values="a b"' in value
    assert value.endswith('max_age="12"'), "never more than since the step-up began"


@pytest.mark.parametrize(
    ("per", "by"),
    [
        ("client", {b"throttle:client:client_a"}),
        ("operation", {b"throttle:client:client_a"}),
        ("user", {b"throttle:user:user_a"}),
        ("grant", {b"throttle:grant:grant_a", b"throttle:user:user_a", b"throttle:client:client_a"}),
        ("network", {b"throttle:network:192.0.2.7"}),
        ("everyone", set()),
    ],
)
def test_nobody_pays_for_the_pace_of_another(per: str, by: set[bytes]) -> None:
    assert set(slowing(token(), "192.0.2.7", per)) == by


def test_a_clients_own_calls_are_slowed_with_it() -> None:
    assert slowing(token(user_id=""), "n", "user") == (b"throttle:client:client_a",)
