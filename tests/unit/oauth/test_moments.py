from ringfence.clock import Instant
from ringfence.oauth.moments import moment


def test_as_people_read_it():
    assert moment(Instant(1_800_000_000.9)) == "15 January 2027, 08:00 UTC"
