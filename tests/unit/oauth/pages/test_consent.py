from ringfence.ids import system_random
from ringfence.oauth.endpoints import Endpoint
from ringfence.oauth.pages.consent import Approval, consent_page
from ringfence.oauth.pages.passkey_form import PasskeyAsked
from ringfence.oauth.pages.render import Form
from ringfence.oauth.payments import Payment
from ringfence.oauth.words import Wording
from ringfence.problem import Reason, Refused

ASKED = PasskeyAsked("get", "Y2hhbGxlbmdl", "bank.example", "required", credentials=("a2V5",))
PAYMENT = Payment("payment", "1.50", "EUR", "DE1", "Mia")


def form(bank, client="Shop & Co"):
    return Form(bank.server.profile, system_random, Endpoint.CONSENT, client, "ref", "token")


def page(bank, approval=None):
    return consent_page(form(bank), "Mia", (Wording("a"),), "hash", "https://p.example/cb", approval)


def test_form_action_allows_the_way_back_to_the_client(bank):
    for uri, allowed in (
        ("https://p.example/cb", "'self' https:"),
        ("http://127.0.0.1:4711/cb", "'self' http://127.0.0.1:4711"),
    ):
        policy = dict(consent_page(form(bank), "Mia", (Wording("a"),), "hash", uri).headers)["content-security-policy"]
        assert f"form-action {allowed};" in policy


def test_a_payment_offers_what_there_is(bank):
    text = page(bank, Approval(PAYMENT)).body.decode()
    assert 'id="code"' in text
    assert 'id="passkey-form"' not in text
    text = page(bank, Approval(PAYMENT, passkey=ASKED)).body.decode()
    assert text.count('class="first"') == 1
    assert 'data-verification="required"' in text
    assert text.count('name="shown" value="hash"') == 2
    assert 'name="decision" value="allow"' in text
    assert "The code of your authenticator works without it." in text
    text = page(bank, Approval(PAYMENT, app=False, passkey=ASKED)).body.decode()
    assert 'id="code"' not in text
    assert 'id="allow"' not in text
    assert 'id="deny"' in text


def test_only_the_page_with_a_passkey_has_a_script(bank):
    policies = [
        dict(page(bank, one).headers)["content-security-policy"]
        for one in (None, Approval(PAYMENT), Approval(PAYMENT, passkey=ASKED))
    ]
    assert ["script-src" in policy for policy in policies] == [False, False, True]
    assert 'id="allow"' in page(bank).body.decode()


def test_what_was_wrong_stands_on_the_page(bank):
    answer = page(bank, Approval(PAYMENT, refused=Refused(Reason.SECOND_FACTOR, "the code is not right")))
    assert answer.status == 401
    assert b'role="alert"' in answer.body
