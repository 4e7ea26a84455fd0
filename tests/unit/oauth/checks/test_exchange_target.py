import pytest

from ringfence.oauth.checks.exchange_target import ACCESS_TOKEN_TYPE, require_target
from ringfence.problem import Reason, Refused

GOOD = {"subject_token": "x", "subject_token_type": ACCESS_TOKEN_TYPE}


def test_the_one_target():
    assert require_target(GOOD, "urn:apis") == "x"
    assert require_target(GOOD | {"audience": "urn:apis", "requested_token_type": ACCESS_TOKEN_TYPE}, "urn:apis") == "x"


@pytest.mark.parametrize("name", ["audience", "resource"])
def test_another_target(name):
    with pytest.raises(Refused) as refused:
        require_target(GOOD | {name: "urn:apis2"}, "urn:apis")
    assert refused.value.reason is Reason.TARGET_INVALID
