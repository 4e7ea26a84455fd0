import pytest

from ringfence.oauth.checks.login_hints import require_one_hint
from ringfence.problem import Refused


def test_exactly_one():
    assert require_one_hint({"login_hint": " mia "}) == ("login_hint", "mia")
    assert require_one_hint({"id_token_hint": "x" * 900}) == ("id_token_hint", "x" * 900)


@pytest.mark.parametrize(
    "parameters", [{}, {"login_hint": "a", "login_hint_token": "b"}, {"login_hint": " "}, {"login_hint": "x" * 257}]
)
def test_none_or_two_or_too_long(parameters):
    with pytest.raises(Refused):
        require_one_hint(parameters)
