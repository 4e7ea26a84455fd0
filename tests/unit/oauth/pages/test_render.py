from ringfence.ids import CorrelationId, system_random
from ringfence.oauth.endpoints import Endpoint
from ringfence.oauth.pages.login import login_page
from ringfence.oauth.pages.render import Form, error_page, visible
from ringfence.problem import Reason, Refused


def form(bank, client="Shop & Co"):
    return Form(bank.server.profile, system_random, Endpoint.CONSENT, client, "ref", "token")


def test_names_are_made_visible():
    assert visible("A\u202eB\u200bC\x00D\nE") == "ABCDE"
    assert visible("x" * 200) == "x" * 79 + "…"
    assert visible("Žluťoučký 株式会社") == "Žluťoučký 株式会社"


def test_each_page_has_its_own_nonce_and_no_script(bank):
    one, two = login_page(form(bank), None), login_page(form(bank), None)
    policies = [dict(page.headers)["content-security-policy"] for page in (one, two)]
    assert policies[0] != policies[1]
    nonce = policies[0].partition("'nonce-")[2].partition("'")[0]
    text = one.body.decode()
    assert f'<style nonce="{nonce}">' in text
    assert "script" not in text
    assert 'style="' not in text
    assert "Shop &amp; Co" in text


def test_pages_can_be_used_with_a_keyboard_and_a_screen_reader(bank):
    text = login_page(form(bank), None, Refused(Reason.LOGIN_FAILED)).body.decode()
    assert '<html lang="en">' in text
    assert '<label for="username">' in text
    assert '<label for="password">' in text
    assert "autofocus" in text
    assert 'role="alert"' in text
    assert 'name="viewport"' in text


def test_an_error_page_names_the_call_and_hides_what_is_private(bank):
    refused = Refused(Reason.SESSION_INVALID, private="from 10.0.0.1", headers=(("retry-after", "5"),))
    page = error_page(bank.server.profile, system_random, refused, CorrelationId("abc123"))
    assert page.status == 400
    assert ("retry-after", "5") in page.headers
    assert b"abc123" in page.body
    assert b"10.0.0.1" not in page.body
