import pytest

from ringfence.oauth.checks.requested_expiry import require_expiry
from ringfence.policy.backchannel_model import Ciba
from ringfence.problem import Refused

BOUNDS = Ciba(request_seconds=60, longest_request_seconds=120)


@pytest.mark.parametrize(("asked", "got"), [("", 60), ("1", 1), ("120", 120), ("121", 120)])
def test_within_bounds(asked, got):
    assert require_expiry({"requested_expiry": asked} if asked else {}, BOUNDS) == got


@pytest.mark.parametrize("asked", ["0", "-1", "1.5", "x", "٣", "1" * 10])
def test_no_number(asked):
    with pytest.raises(Refused):
        require_expiry({"requested_expiry": asked}, BOUNDS)
