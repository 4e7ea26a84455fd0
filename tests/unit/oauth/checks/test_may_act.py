import pytest

from ringfence.clock import Instant
from ringfence.oauth.checks.may_act import lesser_details, lesser_scopes, require_may_act
from ringfence.policy.backchannel_model import MayAct
from ringfence.problem import Reason, Refused
from ringfence.proofs.access_token import AccessToken

RULE = MayAct(actor="b", tokens_of=("a",), scopes=("accounts", "openid"), authorization_details=("payment",))


def token(**more) -> AccessToken:
    fields = {
        "token_hash": "h",
        "jti": "j",
        "client_id": "a",
        "subject": "u",
        "user_id": "u",
        "scopes": frozenset({"accounts", "payments", "openid"}),
        "grant_id": "g",
        "issued_at": Instant(0.0),
        "expires_at": Instant(1.0),
        "not_before": Instant(0.0),
        "jkt": "k",
        "x5t_s256": "",
        "auth_time": None,
        "acr": "",
    }
    return AccessToken(**(fields | more))


def test_the_rule_for_this_actor_and_this_client():
    other = MayAct(actor="b", tokens_of=("z",))
    assert require_may_act("b", token(), (other, RULE)) is RULE


@pytest.mark.parametrize(
    ("actor", "more", "reason"),
    [
        ("c", {}, Reason.CLIENT_UNAUTHORIZED),
        ("b", {"client_id": "c"}, Reason.CLIENT_UNAUTHORIZED),
        ("b", {"user_id": ""}, Reason.SUBJECT_TOKEN_INVALID),
        ("b", {"actors": ("a", "b")}, Reason.SUBJECT_TOKEN_INVALID),
        ("b", {"actors": ("a", "x", "y", "z")}, Reason.SUBJECT_TOKEN_INVALID),
    ],
)
def test_no_rule_or_no_such_token(actor, more, reason):
    with pytest.raises(Refused) as refused:
        require_may_act(actor, token(**more), (RULE,))
    assert refused.value.reason is reason


def test_only_less():
    assert lesser_scopes({}, token().scopes, RULE) == ("accounts",)
    assert lesser_scopes({}, {"payments"}, RULE) == ()
    with pytest.raises(Refused):
        lesser_scopes({"scope": "payments"}, token().scopes, RULE)
    assert lesser_details(({"type": "payment"}, {"type": "other"}), RULE) == ({"type": "payment"},)
