from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.oauth.checks.redirect_uri import require_redirect_uri
from ringfence.problem import Reason, Refused

REGISTERED = ("https://partner.example/cb?a=1", "http://127.0.0.1/cb")


def test_registered_ones_pass():
    assert require_redirect_uri(REGISTERED[0], REGISTERED) == REGISTERED[0]
    assert require_redirect_uri("http://127.0.0.1:4711/cb", REGISTERED) == "http://127.0.0.1:4711/cb"


@pytest.mark.parametrize(
    "uri", ["", "https://partner.example/cb", "https://partner.example/cb?a=1&b=2", "http://127.0.0.1:0/cb"]
)
def test_others_do_not(uri):
    with pytest.raises(Refused) as caught:
        require_redirect_uri(uri, REGISTERED)
    assert caught.value.reason is Reason.REDIRECT_URI_INVALID


@given(st.text())
def test_nothing_but_a_refusal_comes_out(uri):
    for registered in ((), (uri,)):
        try:
            assert require_redirect_uri(uri, registered).startswith(("https://", "http://127.0.0.1", "http://[::1]"))
        except Refused:
            continue


@given(st.from_regex(r"https?://[a-z@:./\\\[\]#?%]{1,30}", fullmatch=True))
def test_what_passes_is_what_was_registered_and_cannot_break_a_header(uri):
    try:
        passed = require_redirect_uri(uri, (uri,))
    except Refused:
        return
    assert passed == uri
    assert not {"\r", "\n", " ", "#", "\\"} & set(passed)
    assert "@" not in urlsplit(passed).netloc
