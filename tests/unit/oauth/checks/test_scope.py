import pytest

from ringfence.oauth.checks.scope import narrow_scopes, require_scopes, still_registered
from ringfence.problem import Reason, Refused

KNOWN, REGISTERED = ("a", "b", "c"), ("a", "b", "openid")


def test_each_once_in_the_order_asked():
    assert require_scopes({"scope": "b  a b openid"}, KNOWN, REGISTERED) == ("b", "a", "openid")


@pytest.mark.parametrize("scope", ["", " ", "c", "A", "a c", "a\tb"])
def test_unknown_or_not_registered(scope):
    with pytest.raises(Refused) as caught:
        require_scopes({"scope": scope}, KNOWN, REGISTERED)
    assert caught.value.reason is Reason.SCOPE_INVALID


def test_registered_but_gone_from_the_policy():
    with pytest.raises(Refused):
        require_scopes({"scope": "old"}, KNOWN, ("old",))


def test_refreshing_narrows():
    assert narrow_scopes({}, ("a", "b")) == ("a", "b")
    assert narrow_scopes({"scope": "b"}, ("a", "b")) == ("b",)
    with pytest.raises(Refused):
        narrow_scopes({"scope": "c"}, ("a", "b"))


def test_a_scope_that_the_client_has_lost_is_lost_to_its_grants():
    assert still_registered(("a", "b"), ("b", "c")) == ("b",)
    assert still_registered((), ("a",)) == ()
    with pytest.raises(Refused) as refused:
        still_registered(("a",), ("b",))
    assert refused.value.reason is Reason.GRANT_INVALID
