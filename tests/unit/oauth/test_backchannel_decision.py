import pytest

from ringfence.ids import token_hash
from ringfence.oauth.backchannel_decision import (
    COMPARE,
    Answerer,
    allow_request,
    question_of,
    read_questions,
    refuse_request,
)
from ringfence.problem import Reason, Refused
from ringfence.store.consent_states import ConsentState


@pytest.fixture
async def question(bank, ask):
    body = (await ask()).json()
    request = await bank.ports.records.backchannel_request(token_hash(body["auth_req_id"]))
    return await question_of(request.consent_id, "user_mia", bank.server.profile, bank.ports.records, bank.clock.now)


async def allow(bank, question, acr=""):
    by = Answerer(bank.clock.now, acr)
    return await allow_request(question, by, bank.server.profile, bank.ports, bank.clock.now, "corr")


async def test_the_message_stands_first(question):
    assert question.wordings[0].sentence == COMPARE
    assert question.wordings[0].facts == (("Message", "W4SCT"),)
    assert not question.needs_two_factor


async def test_an_answer_counts_once(bank, question):
    grant = await allow(bank, question)
    assert (grant.user_id, grant.scopes) == ("user_mia", ("openid", "accounts"))
    for again in (allow(bank, question), refuse_request(question, Answerer(0.0, ""), bank.ports, bank.clock.now, "c")):
        with pytest.raises(Refused) as refused:
            await again
        assert refused.value.reason is Reason.CONFLICT
    assert (await bank.ports.records.consent_of_grant(grant.grant_id)).state is ConsentState.AUTHORISED
    assert len(await bank.ports.records.claim_notices(bank.clock.now, bank.clock.now + 9, 5)) == 1


async def test_a_weaker_login_than_asked_for(bank, ask):
    body = (await ask(acr_values="urn:ringfence:acr:two-factor")).json()
    request = await bank.ports.records.backchannel_request(token_hash(body["auth_req_id"]))
    (question,) = await read_questions([request], bank.server.profile, bank.ports.records, bank.clock.now)
    assert question.needs_two_factor
    with pytest.raises(Refused) as refused:
        await allow(bank, question)
    assert refused.value.reason is Reason.AUTHENTICATION_UNMET
    await allow(bank, question, "urn:ringfence:acr:two-factor")


async def test_what_cannot_be_answered_is_alike(bank, question):
    records, now, profile = bank.ports.records, bank.clock.now, bank.server.profile
    consent_id = question.request.consent_id
    for args in (("", "user_mia"), ("consent_x", "user_mia"), (consent_id, "user_x"), (consent_id, "")):
        with pytest.raises(Refused) as refused:
            await question_of(*args, profile, records, now)
        assert refused.value.reason is Reason.NOT_FOUND
    await records.set_client_status("client_ciba", "suspended")
    assert await read_questions([question.request], profile, records, now) == []
