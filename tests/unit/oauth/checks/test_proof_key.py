import pytest

from ringfence.oauth.checks.proof_key import require_bound_key, require_one_key
from ringfence.problem import Reason, Refused

ONE, TWO = "A" * 43, "B" * 43


def test_from_the_proof_or_the_parameter_or_neither():
    assert require_one_key({}, "") == ""
    assert require_one_key({"dpop_jkt": ONE}, "") == ONE
    assert require_one_key({}, ONE) == ONE
    assert require_one_key({"dpop_jkt": ONE}, ONE) == ONE


def test_two_keys_are_refused():
    with pytest.raises(Refused) as caught:
        require_one_key({"dpop_jkt": ONE}, TWO)
    assert (caught.value.reason, caught.value.status, caught.value.oauth) == (
        Reason.PROOF_KEY,
        400,
        "invalid_dpop_proof",
    )
    with pytest.raises(Refused) as caught:
        require_one_key({"dpop_jkt": "short"}, "")
    assert caught.value.reason is Reason.OAUTH_REQUEST


def test_a_bound_code_wants_its_key():
    require_bound_key("", TWO)
    require_bound_key(TWO, TWO)
    for proven in (ONE, ""):
        with pytest.raises(Refused) as caught:
            require_bound_key(TWO, proven)
        assert (caught.value.status, caught.value.oauth) == (400, "invalid_grant")
