"""The conformance tests go through the browser; here is who may not."""

import msgspec


async def test_a_client_that_signs_its_requests_pushes_them(bank):
    oauth = msgspec.to_builtins(bank.policy.oauth)
    oauth["clients"]["profiles"] = ["fapi2", "oauth2.1"]
    open_bank = bank.with_policy(oauth=oauth)
    signing = open_bank.partner.__class__(open_bank, "client_signing")
    await open_bank.register(signing, profile="oauth2.1", require_signed_request_object=True)
    answer = await open_bank.http.get("/oauth/authorize", params=signing.request())
    assert answer.status_code == 400
    assert "signed requests are pushed" in answer.text
    answer = await open_bank.http.get("/oauth/authorize", params=open_bank.partner.request())
    assert "has not announced" in answer.text
    assert not open_bank.events.of("ConsentMoved")


async def test_a_posted_request_becomes_one_that_is_named(bank):
    oauth = msgspec.to_builtins(bank.policy.oauth)
    oauth["clients"]["profiles"] = ["fapi2", "oauth2.1"]
    open_bank = bank.with_policy(oauth=oauth)
    loose = open_bank.partner.__class__(open_bank, "client_loose")
    await open_bank.register(loose, profile="oauth2.1")
    answer = await open_bank.http.post("/oauth/authorize", data=loose.request())
    assert answer.status_code == 303
    assert "request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3A" in answer.headers["location"]
    assert "redirect_uri" not in answer.headers["location"].replace("request_uri", "")
