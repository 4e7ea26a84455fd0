import random

import msgspec
import pytest

from ringfence.detect.anomaly.baseline import BUSY, NARROWEST, WEEK, WIDTH, Own, Peers, Ring, hour_of


def row(value: float) -> list[float]:
    return [value] * WIDTH


def peers_of(level: dict[int, float], days: int = 7) -> Peers:
    """Peers whose level depends on the hour of the day."""
    peers, rng = Peers(), random.Random(1)
    for window in range(days * 288):
        peers.add(window, row(level.get(hour_of(window) % 24, 0.0) + rng.gauss(0, 0.5)))
    peers.estimate()
    return peers


def test_the_hours_of_the_week_are_apart_and_the_scale_is_that_of_the_noise() -> None:
    peers = peers_of({9: 3.0})
    assert peers.usual(9)[0] == pytest.approx(2.1, abs=0.6), "12 windows, shrunk a little to all hours"
    assert abs(peers.usual(3)[0]) < 0.4
    assert peers.usual(200) == peers.usual(999), "an hour never seen is like all"
    assert peers.scale[0] == pytest.approx(0.5, abs=0.15)


def test_an_entity_without_a_past_is_like_its_peers() -> None:
    peers, own = peers_of({}), Own("user")
    assert own.expected(peers, 100) == peers.usual(hour_of(100))


def test_one_with_a_past_is_itself_and_with_a_short_one_in_between() -> None:
    peers, short, long = peers_of({}), Own("user"), Own("user")
    for n in range(100):
        long.rows.add(1900 + n, row(4.0))
    for n in range(4):
        short.rows.add(1990 + n, row(4.0))
    for own in (short, long):
        own.estimate(peers, 2000)
    assert long.expected(peers, 2000)[0] == pytest.approx(3.7, abs=0.3)
    assert 0.8 < short.expected(peers, 2000)[0] < 2.0
    assert long.scale[0] < short.scale[0]
    assert long.scale[0] >= NARROWEST


def test_what_is_older_than_a_week_counts_no_longer() -> None:
    peers, own = peers_of({}), Own("user")
    for n in range(50):
        own.rows.add(n, row(9.0))
    own.estimate(peers, WEEK + 100)
    assert own.expected(peers, WEEK + 100)[0] == pytest.approx(peers.usual(hour_of(WEEK + 100))[0])


def test_a_busy_entity_has_hours_of_its_own() -> None:
    peers, own = peers_of({}), Own("client")
    for window in range(WEEK):
        own.rows.add(window, row(5.0 if hour_of(window) % 24 == 2 else 1.0))
    assert len(own.rows) > BUSY
    own.estimate(peers, WEEK)
    night, day = 2 * 12, 14 * 12
    assert own.expected(peers, night)[0] - own.expected(peers, day)[0] > 2


def test_one_wild_window_moves_nothing() -> None:
    peers, own = peers_of({}), Own("user")
    for n in range(60):
        own.rows.add(1900 + n, row(1.0))
    own.rows.add(1961, row(1e6))
    own.estimate(peers, 2000)
    assert own.expected(peers, 2000)[0] < 1.5


def test_rings_forget_the_oldest_and_everything_is_gone_on_from() -> None:
    ring = Ring(3)
    for n in range(5):
        ring.add(n, row(float(n)))
    assert sorted(ring.windows) == [2, 3, 4]
    assert sorted(ring.windows[p] for p in ring.since(4)) == [4]
    peers, own = peers_of({9: 3.0}), Own("user")
    for n in range(20):
        own.rows.add(1990 + n, row(2.0))
    own.estimate(peers, 2010)
    saved = msgspec.msgpack.decode(msgspec.msgpack.encode([peers.snapshot(), own.snapshot()]))
    again = Peers()
    again.restore(saved[0])
    assert Own.restored("user", saved[1]).expected(again, 2020) == own.expected(peers, 2020)
