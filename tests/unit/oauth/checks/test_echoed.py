import pytest

from ringfence.oauth.checks.echoed import MAX_ECHOED, require_echoable
from ringfence.problem import Reason, Refused


def test_whole_or_refused_and_never_cut():
    longest = "ä" * MAX_ECHOED
    assert require_echoable({"state": longest}, "state") == longest
    assert require_echoable({}, "state") == ""
    with pytest.raises(Refused) as caught:
        require_echoable({"state": longest + "x"}, "state")
    assert caught.value.reason is Reason.OAUTH_REQUEST
