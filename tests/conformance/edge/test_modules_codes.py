"""fapi2-security-profile-final-…: codes that are redeemed by the wrong client, too late, twice, or without what they are bound to."""

import pytest

from tests.conformance.edge.conftest import Stale
from tests.conformance.edge.partner import Partner

pytestmark = pytest.mark.flow


def refused(answer, *codes: str) -> None:
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] in codes


def test_ensure_client_id_in_token_endpoint(partner: Partner, other: Partner) -> None:
    form = partner.fresh_form() | {"client_id": other.client_id}
    answer = partner.token(form)
    assert answer.status_code in (400, 401)
    assert answer.json()["error"] in ("invalid_client", "invalid_grant")


def test_ensure_authorization_code_is_bound_to_client(partner: Partner, other: Partner) -> None:
    form = partner.fresh_form()
    refused(other.token(form), "invalid_grant")
    # the thief's attempt costs the owner nothing
    assert partner.token(form).status_code == 200


def test_attempt_reuse_authorization_code_after_one_second(partner: Partner) -> None:
    form = partner.fresh_form()
    first = partner.token(form).json()
    worked = partner.call(first["access_token"])
    assert worked.status_code == 200, worked.text
    refused(partner.token(form), "invalid_grant")
    assert partner.call(first["access_token"]).status_code == 401
    refused(partner.token({"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}), "invalid_grant")


def test_ensure_token_endpoint_fails_with_expired_auth_code(stale: Stale) -> None:
    refused(stale.partner.token(stale.partner.redemption(stale.visited)), "invalid_grant")


def test_ensure_pkce_code_verifier_required(partner: Partner) -> None:
    refused(partner.token(partner.fresh_form() | {"code_verifier": None}), "invalid_grant")


def test_incorrect_pkce_code_verifier_rejected(partner: Partner) -> None:
    refused(partner.token(partner.fresh_form() | {"code_verifier": "w" * 43}), "invalid_grant")


def bound(partner: Partner, *, by_proof: bool, jkt: bool) -> dict:
    more = {"dpop_jkt": partner.dpop.thumbprint()} if jkt else {}
    return partner.redemption(partner.visit(partner.begin(proof=by_proof, **more)))


@pytest.mark.parametrize("jkt", [False, True])
def test_ensure_dpopproof_at_par_endpoint_binding_success(partner: Partner, jkt: bool) -> None:
    answer = partner.token(bound(partner, by_proof=True, jkt=jkt))
    assert (answer.status_code, answer.json()["token_type"]) == (200, "DPoP")


def test_ensure_dpop_auth_code_binding_success(partner: Partner) -> None:
    answer = partner.token(bound(partner, by_proof=False, jkt=True))
    assert (answer.status_code, answer.json()["token_type"]) == (200, "DPoP")


def check_other_key(partner: Partner, other: Partner, *, by_proof: bool) -> None:
    form = bound(partner, by_proof=by_proof, jkt=not by_proof)
    refused(partner.token(form, key=other.dpop), "invalid_request", "invalid_grant", "invalid_dpop_proof")
    assert partner.token(form).status_code == 200


def test_ensure_token_endpoint_fails_with_mismatched_dpop_jkt(partner: Partner, other: Partner) -> None:
    check_other_key(partner, other, by_proof=False)


def test_ensure_token_endpoint_fails_with_mismatched_dpop_proof_jkt(partner: Partner, other: Partner) -> None:
    check_other_key(partner, other, by_proof=True)
