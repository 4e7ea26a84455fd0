import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.oauth.checks.binding_message import require_binding_message
from ringfence.problem import Reason, Refused


def test_composed_and_as_it_came():
    decomposed = "U\u0308berweisung 3"
    assert require_binding_message({"binding_message": decomposed}, needed=True) == "\u00dcberweisung 3"
    assert require_binding_message({}, needed=False) == ""


def test_needed_and_missing():
    with pytest.raises(Refused) as refused:
        require_binding_message({}, needed=True)
    assert refused.value.reason is Reason.OAUTH_REQUEST


@pytest.mark.parametrize("message", ["a\u200bb", "x" * 101, "a  b", "www.a.b"])
def test_what_is_refused(message):
    with pytest.raises(Refused) as refused:
        require_binding_message({"binding_message": message}, needed=False)
    assert refused.value.reason is Reason.BINDING_MESSAGE_INVALID


@given(st.text(min_size=1, max_size=40))
def test_whatever_passes_can_be_seen_and_is_latin(text):
    try:
        message = require_binding_message({"binding_message": text}, needed=False)
    except Refused:
        return
    for character in message:
        assert unicodedata.category(character)[0] in "LNPSZ"
        assert character == " " or "LATIN" in unicodedata.name(character) or ord(character) < 128 or character in "€£"
    assert unicodedata.normalize("NFKC", message) == message
    assert not set(message) & set('<>"\\@\n')
