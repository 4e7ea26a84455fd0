from ringfence.problem import Reason

FORM = {"grant_type": "client_credentials", "scope": "accounts"}


async def test_a_proof_is_claimed_once_across_endpoints(bank):
    partner = bank.partner
    body = await partner.tokens()
    answer = await partner.userinfo(body["access_token"], jti="same")
    assert answer.status_code == 200
    again = await partner.userinfo(body["access_token"], jti="same")
    assert again.status_code == 401
    assert bank.events.seen[-1].reason == Reason.PROOF_REPLAYED.value
    # another key may use the same jti
    other = await bank.other.token(FORM, bank.other.proof("/oauth/token", jti="same"))
    assert other.status_code == 200


async def test_a_refused_request_still_spends_its_proof(bank):
    proof = bank.partner.proof("/oauth/token")
    assert (await bank.partner.token(FORM | {"scope": "admin"}, proof)).json()["error"] == "invalid_scope"
    assert (await bank.partner.token(FORM, proof)).json()["error"] == "invalid_dpop_proof"


async def test_proofs_of_nobody_fill_no_memory(bank):
    """Possession is looked at only once the client has authenticated."""
    proof = bank.partner.proof("/oauth/token")
    form = FORM | {"client_assertion": "garbage"}
    assert (await bank.partner.token(form, proof)).json()["error"] == "invalid_client"
    assert (await bank.partner.token(FORM, proof)).status_code == 200


async def test_a_client_with_certificate_bound_tokens_sends_no_proof(bank):
    partner = type(bank.partner)(bank, "client_mtls")
    await bank.register(partner, binding="mtls")
    assert (await partner.token(FORM)).json()["error"] == "invalid_request"
    assert (await partner.push(proof=True)).json()["error"] == "invalid_request"
