"""Names: composed, visible, within their length."""

import pytest

from ringfence.clients.texts import alike, checked_name
from ringfence.problem import Reason, Refused


def test_it_composes() -> None:
    assert checked_name("e\u0301", "/name", 1) == "\u00e9"


@pytest.mark.parametrize(
    "text",
    ["", "ab", " ", "\t", "\u00ad", "\ud800", "\u2029", "\u3000", "\u3164", "\u115f", "\u2800", "\ufe0f", "\u034f"],
)
def test_it_refuses_and_says_where(text: str) -> None:
    with pytest.raises(Refused) as refused:
        checked_name(text, "/name", 1)
    assert refused.value.reason is Reason.ADMIN_REQUEST
    assert refused.value.faults[0].at == "/name"


def test_names_that_look_the_same_are_alike() -> None:
    assert alike("Acme  BANK") == alike("acme bank") == alike("\uff21cme bank")
    assert alike("Acme") != alike("Acne")
