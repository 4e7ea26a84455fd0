import pytest

from ringfence.oauth.exchange import Asked, Binding, settled
from ringfence.problem import Reason, Refused


def test_a_token_is_never_unbound():
    assert Binding(jkt="a").confirmation() == {"jkt": "a"}
    assert Binding(certificate="b").confirmation() == {"x5t#S256": "b"}
    with pytest.raises(Refused) as caught:
        Binding().confirmation()
    assert caught.value.reason is Reason.INTERNAL


def test_scopes_of_a_request():
    assert Asked(redirect_uri="", scope="b a b", code_challenge="").scopes == ("b", "a")


def test_a_step_that_is_missing_is_our_fault():
    assert settled("x") == "x"
    with pytest.raises(Refused) as caught:
        settled(None)
    assert caught.value.reason is Reason.INTERNAL
