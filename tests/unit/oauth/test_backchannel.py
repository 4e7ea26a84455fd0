from ringfence.ids import token_hash


async def test_what_is_kept(bank, ask):
    body = (await ask(requested_expiry="60")).json()
    kept = await bank.ports.records.backchannel_request(token_hash(body["auth_req_id"]))
    assert (kept.user_id, kept.state, kept.binding_message) == ("user_mia", "pending", "W4SCT")
    assert kept.expires_at == bank.clock.now + 60
    assert kept.parameters == {"scope": "openid accounts"}
    assert body["auth_req_id"] not in repr(kept)
    (event,) = bank.events.of("BackchannelAsked")
    assert (event.consent, event.user, event.expires_at) == (kept.consent_id, "user_mia", kept.expires_at)


async def test_of_nobody_the_same_is_kept_without_a_name(bank, ask):
    body = (await ask(login_hint="nobody")).json()
    kept = await bank.ports.records.backchannel_request(token_hash(body["auth_req_id"]))
    assert (kept.user_id, kept.state) == ("", "pending")
    assert (await bank.ports.records.consent(kept.consent_id)).user_id == ""


async def test_an_event_that_cannot_be_kept_is_an_answer_that_is_not_given(bank, ask):
    bank.events.full = True
    assert (await ask()).status_code == 503
