import random

from ringfence.events import decode, encode
from ringfence.events.calls import CallDecided
from ringfence.events.logins import LoginDecided
from ringfence.simulation.scribe import ACCOUNTS, Scribe, Truth


def test_events_are_those_of_the_real_roles_with_numbers_of_their_own() -> None:
    scribe, who = Scribe(random.Random(1), 1000.0), ("c", "u", "g")
    told = [
        scribe.login(1.0, "h", "192.0.2.1", "login-failed", user="u"),
        scribe.login(2.0, "h", "192.0.2.1", user="u"),
        scribe.call(3.0, ACCOUNTS, "192.0.2.1", who=who, reason="rate-limited", truth=Truth(mistake="m")),
        scribe.token(4.0, "192.0.2.1", who),
        scribe.consent(5.0, who),
    ]
    assert [decode(encode(one.event)) for one in told] == [one.event for one in told]
    assert len({one.event.correlation for one in told}) == 5
    assert [one.event.at for one in told] == [1001.0, 1002.0, 1003.0, 1004.0, 1005.0]
    failed, passed, limited = (one.event for one in told[:3])
    assert isinstance(failed, LoginDecided)
    assert (failed.allowed, failed.user) == (False, ""), "nobody is logged in by a wrong password"
    assert isinstance(passed, LoginDecided)
    assert (passed.allowed, passed.user) == (True, "u")
    assert isinstance(limited, CallDecided)
    assert (limited.status, limited.allowed) == (429, False)
