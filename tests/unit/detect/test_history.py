"""What is usual for whom: learned of what succeeded, bounded, and the same after a restart."""

import pytest

from ringfence.clock import Instant
from ringfence.detect import history as module
from ringfence.detect.derived import ClientNovel, CustomerTravelled, LoginUnfamiliar
from ringfence.detect.history import LEARNING, MOST_OF_CLIENT, History, distance
from ringfence.events.calls import CallDecided
from ringfence.events.logins import LoginDecided

LONDON, PARIS, SYDNEY = (51.5, -0.12), (48.86, 2.35), (-33.87, 151.2)
PLACES = {"192.0.2.1": LONDON, "198.51.100.1": PARIS, "203.0.113.1": SYDNEY}


def login(at: float, network: str = "192.0.2.1", agent: str = "browser:a", **more) -> LoginDecided:
    more = {"allowed": True, "user": "u1", "username_hash": "h1"} | more
    return LoginDecided(at=Instant(at), correlation=f"c{at:g}", network=network, agent=agent, **more)


def call(
    at: float, operation: str = "Read", network: str = "192.0.2.1", agent: str = "library:a", **more
) -> CallDecided:
    more = {"allowed": True, "status": 200, "client": "c1"} | more
    return CallDecided(
        at=Instant(at), correlation=f"c{at:g}", trace="", operation=operation, network=network, agent=agent, **more
    )


def test_a_customer_who_is_new_is_strange_to_nobody() -> None:
    assert History().feed(login(0)) == []


@pytest.mark.parametrize(
    ("network", "agent", "signs"),
    [
        ("192.0.2.9", "browser:a", 0),
        ("192.0.2.9", "browser:b", 1),
        ("203.0.113.1", "browser:a", 1),
        ("203.0.113.1", "browser:b", 2),
        ("", "", 0),
    ],
)
def test_what_earlier_logins_did_not_have(network: str, agent: str, signs: int) -> None:
    history = History()
    history.feed(login(0))
    found = history.feed(login(10, network, agent))
    if not signs:
        assert found == []
        return
    (told,) = found
    assert isinstance(told, LoginUnfamiliar)
    assert (told.new_agent, told.new_neighbourhood) == (agent == "browser:b", network == "203.0.113.1")
    assert (told.user, told.network, told.signs, told.correlation) == ("u1", network, signs, "c10")
    assert history.feed(login(20, network, agent)) == []  # it has become usual


def test_wrong_passwords_before_are_a_sign_for_half_an_hour_and_are_counted_once() -> None:
    history = History()
    history.feed(login(0))
    for n in range(5):
        assert history.feed(login(10 + n, allowed=False, user="", reason="login-failed")) == []
    (told,) = history.feed(login(20))
    assert isinstance(told, LoginUnfamiliar)
    assert (told.failures, told.signs, told.new_agent) == (5, 1, False)
    assert history.feed(login(21)) == []
    for n in range(5):
        history.feed(login(100 + n, allowed=False, user="", reason="login-failed"))
    assert history.feed(login(100 + 1801 + 5)) == []


def test_who_fails_teaches_nothing() -> None:
    history = History()
    history.feed(login(0))
    history.feed(login(5, "203.0.113.1", "browser:b", allowed=False, user="", reason="login-failed"))
    (told,) = history.feed(login(10, "203.0.113.1", "browser:b"))
    assert isinstance(told, LoginUnfamiliar)
    assert told.signs == 2
    calls = History()
    calls.feed(call(0))
    calls.feed(call(1, "Pay", allowed=False, status=403))
    assert [type(one) for one in calls.feed(call(LEARNING + 1, "Pay"))] == [ClientNovel]


def test_what_was_not_seen_for_long_is_new_again() -> None:
    history = History()
    for n in range(17):
        history.feed(login(n, agent=f"browser:{n}"))
    assert len(history.feed(login(100, agent="browser:0"))) == 1
    assert history.feed(login(101, agent="browser:16")) == []


def test_how_fast_somebody_would_have_travelled() -> None:
    history = History(PLACES.get)
    history.feed(login(0))
    travelled = [one for one in history.feed(login(7200, "203.0.113.1")) if isinstance(one, CustomerTravelled)]
    assert [(one.km, one.kmh) for one in travelled] == [(16993, 8497)]
    # at the same second it counts as a minute, and backwards not at all
    (other,) = [one for one in history.feed(login(7200, "198.51.100.1")) if isinstance(one, CustomerTravelled)]
    assert other.kmh == pytest.approx(other.km * 60, abs=60)
    assert not any(isinstance(one, CustomerTravelled) for one in history.feed(login(100)))


def test_networks_that_a_feed_names_are_no_places() -> None:
    history = History(PLACES.get)
    history.feed(login(0))
    assert not any(isinstance(e, CustomerTravelled) for e in history.feed(login(60, "203.0.113.1", listed=("vpn",))))
    assert history.feed(login(120)) == []
    assert not any(isinstance(e, CustomerTravelled) for e in History().feed(login(60)))


def test_distances() -> None:
    assert distance(LONDON, PARIS) == pytest.approx(344, abs=3)
    assert distance(LONDON, LONDON) == 0
    assert distance((0, 0), (0, 180)) == pytest.approx(20015, abs=1)
    assert distance((90, 0), (-90, 0)) == pytest.approx(20015, abs=1)


def test_a_client_is_learned_for_a_day_and_told_of_once() -> None:
    history = History()
    for at, operation in ((0, "Read"), (100, "List"), (LEARNING - 1, "Balances")):
        assert history.feed(call(at, operation)) == []
    found = history.feed(call(LEARNING, "Pay", "203.0.113.1", "library:b"))
    assert [(one.what, one.value) for one in found if isinstance(one, ClientNovel)] == [
        ("operation", "Pay"),
        ("neighbourhood", "203.0.113.0/24"),
        ("agent", "library:b"),
    ]
    assert history.feed(call(LEARNING + 1, "Pay", "203.0.113.77", "library:b")) == []


def test_an_app_on_customers_devices_has_no_new_networks() -> None:
    history = History()
    for n in range(MOST_OF_CLIENT["neighbourhood"]):
        history.feed(call(n, network=f"10.{n // 250}.{n % 250}.1"))
    assert history.feed(call(LEARNING + 1, network="203.0.113.1")) == []


def test_nothing_grows_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MOST_CUSTOMERS", "MOST_NAMES", "MOST_CLIENTS"):
        monkeypatch.setattr(module, name, 10)
    history = History()
    for n in range(50):
        history.feed(login(n, user=f"u{n}"))
        history.feed(login(n, allowed=False, user="", username_hash=f"h{n}", reason="login-failed"))
        history.feed(call(n, client=f"c{n}"))
    assert (len(history._customers), len(history._failures), len(history._clients)) == (10, 10, 10)
    assert "u49" in history._customers


def test_a_restart_changes_nothing() -> None:
    events = [
        *(login(n, f"10.0.{n % 5}.1", f"browser:{n % 3}", user=f"u{n % 4}") for n in range(40)),
        *(login(50 + n, allowed=False, user="", reason="login-failed") for n in range(6)),
        *(call(60 + n, f"Op{n % 6}", client=f"c{n % 2}") for n in range(20)),
        login(100, "203.0.113.1"),
        call(LEARNING + 200, "Pay", client="c0"),
    ]
    whole = History(PLACES.get)
    expected = [whole.feed(event) for event in events]
    assert any(expected)
    first = History(PLACES.get)
    found = []
    for event in events:
        found.append(first.feed(event))
        again = History(PLACES.get)
        again.restore(first.snapshot())
        first = again
    assert found == expected
    assert first.snapshot() == whole.snapshot()
