from decimal import Decimal

import pytest

from ringfence.problem import Reason
from ringfence.proofs import claims
from ringfence.proofs.jws import Kind

KIND = Kind("thing", Reason.TOKEN_MALFORMED, Reason.TOKEN_ALGORITHM, Reason.TOKEN_SIGNATURE)


@pytest.mark.parametrize("value", [0, 1, Decimal("1.5"), claims.LATEST])
def test_times(value):
    assert claims.time({"t": value}, "t", KIND) == float(value)


@pytest.mark.parametrize("value", [True, False, -1, Decimal("-0.1"), claims.LATEST + 1, 10**4000, "1", None, [], 1.5])
def test_what_is_no_time(refusal, value):
    assert refusal(claims.time, {"t": value}, "t", KIND) is Reason.TOKEN_MALFORMED


def test_what_may_be_absent(refusal):
    assert claims.optional_time({}, "t", KIND) is None
    assert claims.optional_text({}, "t", KIND) == ""
    assert refusal(claims.time, {}, "t", KIND) is Reason.TOKEN_MALFORMED
    assert refusal(claims.text, {}, "t", KIND) is Reason.TOKEN_MALFORMED
    assert refusal(claims.text, {"t": ""}, "t", KIND) is Reason.TOKEN_MALFORMED
    assert refusal(claims.optional_text, {"t": None}, "t", KIND) is Reason.TOKEN_MALFORMED
    assert claims.text({"t": "x"}, "t", KIND) == "x"
