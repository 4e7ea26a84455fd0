from ringfence.ids import system_random
from ringfence.oauth.endpoints import Endpoint
from ringfence.oauth.pages.login import login_page, second_step_page
from ringfence.oauth.pages.passkey_form import PasskeyAsked
from ringfence.oauth.pages.render import Form
from ringfence.problem import Reason, Refused

ASKED = PasskeyAsked("get", "Y2hhbGxlbmdl", "bank.example", "required")
WANTED = Refused(Reason.SECOND_FACTOR, "your password was right")


def form(bank):
    return Form(bank.server.profile, system_random, Endpoint.LOGIN, "Shop", "ref", "token")


def test_the_passkey_is_hidden_until_the_script_has_seen_that_it_can(bank):
    text = login_page(form(bank), ASKED).body.decode()
    assert '<form id="passkey-form" method="post" action="/oauth/login" hidden ' in text
    assert "<noscript>" in text
    assert 'autocomplete="username webauthn"' in text
    assert 'autocomplete="current-password"' in text
    assert "onclick" not in text


def second(bank, **changes) -> str:
    given = {"passed": "p", "has_app": True, "has_recovery": True, "refused": WANTED, "tried": False} | changes
    return second_step_page(form(bank), given.pop("passkey", ASKED), **given).body.decode()


def test_the_second_step_offers_what_there_is(bank):
    text = second(bank)
    assert "Code of your authenticator, or a recovery code" in text
    assert 'autocomplete="one-time-code"' in text
    assert 'role="alert"' not in text
    assert 'role="alert"' in second(bank, tried=True)
    assert text.count('name="passed" value="p"') == 2
    assert 'id="passkey-form"' not in second(bank, passkey=None)
    assert ">Recovery code</label>" in second(bank, has_app=False)
    assert 'id="second-step-form"' not in second(bank, has_app=False, has_recovery=False)
