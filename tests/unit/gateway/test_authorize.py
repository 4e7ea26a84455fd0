import pytest
from calls import NOW, located, operation, request, token

from ringfence.gateway.authorize import authorize
from ringfence.gateway.stages import Authorized, Identified
from ringfence.problem import Reason, Refused
from ringfence.proofs.dpop import Proof

PROOF = Proof(jkt="k" * 43, jti="j", issued_at=0.0, replay_key=b"r", replay_until=60.0)


def identified(demands: dict[str, object], proof: Proof | None = PROOF, **claims: object) -> Identified:
    return Identified(located(operation(demands=demands), request()), token(**claims), proof)


def decided(call: Identified) -> Authorized:
    return authorize(call, 'DPoP algs="ES256"', NOW)


def reason(demands: dict[str, object], proof: Proof | None = PROOF, **claims: object) -> Reason:
    with pytest.raises(Refused) as refused:
        decided(identified(demands, proof, **claims))
    return refused.value.reason


def test_every_scope_is_needed() -> None:
    both = {"scopes": frozenset({"accounts", "payments"})}
    assert reason(both) is Reason.SCOPE_MISSING
    passed = decided(identified(both, scopes=frozenset({"payments", "accounts", "more"})))
    assert passed.identified.token.client_id == "client_a"


def test_the_challenge_names_the_scopes() -> None:
    with pytest.raises(Refused) as refused:
        decided(identified({"scopes": frozenset({"b", "a"})}))
    assert ("www-authenticate", 'DPoP error="insufficient_scope", scope="a b"') in refused.value.headers


def test_a_clients_own_token_does_not_act_for_a_customer() -> None:
    assert reason({}, user_id="") is Reason.USER_REQUIRED
    assert decided(identified({"user_required": False}, user_id="")).identified.token.user_id == ""


def test_an_operation_may_insist_on_a_binding() -> None:
    assert reason({"binding": "dpop"}, None, x5t_s256="x" * 43, jkt="") is Reason.SCHEME_MISMATCH
    assert reason({"binding": "mtls"}) is Reason.SCHEME_MISMATCH
    decided(identified({"binding": "dpop"}))
    decided(identified({"binding": "mtls"}, None, x5t_s256="x" * 43, jkt=""))


def test_an_operation_may_insist_on_a_login() -> None:
    assert reason({"acr": ("gold",)}, acr="silver") is Reason.AUTHENTICATION_INSUFFICIENT
    assert reason({"max_age_seconds": 60}, auth_time=NOW - 61) is Reason.AUTHENTICATION_INSUFFICIENT
    decided(identified({"acr": ("gold", "silver"), "max_age_seconds": 60}, acr="silver", auth_time=NOW - 60))
