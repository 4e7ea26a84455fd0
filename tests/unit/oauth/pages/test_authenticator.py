import html

from ringfence.clock import Instant
from ringfence.ids import system_random
from ringfence.oauth.pages.authenticator import authenticator_page, enrolled_page
from ringfence.problem import Reason, Refused
from ringfence.store.model import User

SECRET = b"12345678901234567890"


def page(bank, refused=None, **changes) -> tuple[int, str]:
    user = User(user_id="u", username='a"b<c', password_hash="", created_at=Instant(0.0), **changes)
    response = authenticator_page(bank.server.profile, system_random, user, SECRET, "token", refused)
    return response.status, response.body.decode()


def test_the_key_is_there_to_open_to_type_and_to_send(bank):
    status, text = page(bank)
    assert status == 200
    assert "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ" in text
    assert 'name="secret" value="GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"' in text
    assert "otpauth://totp/Demo%20Bank%3Aa%22b%3Cc?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&" in html.unescape(text)
    assert "b<c" not in text
    for field in ("code", "password"):
        assert f'<label for="{field}">' in text


def test_what_was_wrong_is_told(bank):
    status, text = page(bank, Refused(Reason.SECOND_FACTOR, "the code is not right"))
    assert status == 401
    assert 'role="alert"' in text
    assert 'aria-describedby="error"' in text


def test_nothing_is_shown_of_an_authenticator_that_is_there(bank):
    _, text = page(bank, totp_secret="sealed")
    assert "GEZD" not in text
    assert "<form" not in text


def test_recovery_codes_stand_on_a_page_without_a_form_that_nobody_stores(bank):
    response = enrolled_page(bank.server.profile, system_random, ("aaaa-bbbb", "cccc-dddd"))
    text = response.body.decode()
    assert text.count("<li><code>") == 2
    headers = dict(response.headers)
    assert headers["cache-control"] == "no-store"
    assert "form-action 'none'" in headers["content-security-policy"]
