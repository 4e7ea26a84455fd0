from ringfence.ids import system_random
from ringfence.oauth.pages.own import GrantShown, SessionShown, WaysIn, own_page
from ringfence.oauth.words import Wording


def page(bank, grants=(), sessions=()):
    return own_page(
        bank.server.profile,
        system_random,
        customer="Mia <b>",
        grants=grants,
        sessions=sessions,
        ways=WaysIn(passkeys=2, app=True, codes_left=7),
        withdraw_token="w",
        end_token="e",
    )


def test_each_thing_has_its_own_form_and_stable_ids(bank):
    grants = [GrantShown(f"grant_{n}", "Shop & Co", (Wording("See", (("a", "<i>"),)),), "g", "u", "") for n in "ab"]
    sessions = [
        SessionShown("m1", "Firefox", "", "s", "u", "passkey", current=True),
        SessionShown("m2", "Chrome", "n", "s", "u", "passkey", current=False),
    ]
    text = page(bank, grants, sessions).body.decode()
    for one in ("grant_a-withdraw", "grant_b-withdraw", "session-m1-end", "session-m2-end"):
        assert text.count(f'id="{one}"') == 1
    assert text.count("<form ") == 5
    assert "Mia &lt;b&gt;" in text
    assert "Shop &amp; Co" in text
    assert "&lt;i&gt;" in text
    assert "Log out" in text
    assert text.count('id="end-others"') == 1
    assert "7 left" in text
    assert "not known" in text


def test_nothing_allowed(bank):
    found = page(bank)
    assert b'id="no-grants"' in found.body
    assert "script" not in found.body.decode()
    assert "form-action 'self';" in dict(found.headers)["content-security-policy"]
