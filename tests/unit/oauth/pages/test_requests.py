from ringfence.ids import system_random
from ringfence.oauth.backchannel_decision import read_questions
from ringfence.oauth.pages.requests import requests_page
from ringfence.problem import Reason, Refused


async def test_each_has_its_own_form_and_stable_ids(bank, ask):
    for message in ("first", "second"):
        await ask(binding_message=message)
    pending = await bank.ports.records.pending_backchannel_requests("user_mia", bank.clock.now)
    questions = await read_questions(pending, bank.server.profile, bank.ports.records, bank.clock.now)
    tried = questions[0].request.consent_id
    refused = Refused(Reason.SECOND_FACTOR, "wait for the next one")
    page = requests_page(
        bank.server.profile, system_random, questions=questions, token="t", tried=tried, refused=refused
    )
    text = page.body.decode()
    assert page.status == 401
    for question in questions:
        consent_id = question.request.consent_id
        for part in ("allow", "deny", "form", "client"):
            assert text.count(f'id="{consent_id}-{part}"') == 1
    assert text.count('role="alert"') == 1
    assert "script" not in text


def test_nothing_waits(bank):
    page = requests_page(bank.server.profile, system_random, questions=[], token="t")
    assert b'id="no-requests"' in page.body
