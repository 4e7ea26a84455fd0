import msgspec
import pytest

from ringfence.detect.anomaly.entity import HOURS, MOST_KNOWN, MOST_PLACES, Entity


def test_whom_it_met_and_where_it_came_from_is_remembered_within_bounds() -> None:
    entity = Entity("user")
    assert entity.meets(1)
    assert not entity.meets(1)
    for n in range(MOST_KNOWN):
        entity.meets(n + 2)
    assert entity.meets(1), "the oldest went"
    for n in range(MOST_PLACES * 2):
        assert entity.comes_from(f"p{n}")
    assert not entity.comes_from(f"p{MOST_PLACES * 2 - 1}")
    assert (len(entity.known), len(entity.places)) == (MOST_KNOWN, MOST_PLACES)


def test_its_own_hours_outweigh_the_peers_with_time() -> None:
    entity, peers = Entity("user"), [0.0] * HOURS
    peers[9] = 1000.0
    assert entity.hour_chance(9, peers) > 0.9
    for _ in range(200):
        entity.hour_chance(3, peers)
    assert entity.hour_chance(3, peers) > 0.8
    assert entity.hour_chance(12, peers) < 0.01


def test_a_snapshot_is_gone_on_from() -> None:
    entity = Entity("network")
    entity.meets(1)
    entity.comes_from("p")
    entity.log_m = 2.5
    again = Entity.restored("network", msgspec.msgpack.decode(msgspec.msgpack.encode(entity.snapshot())))
    assert again.snapshot() == entity.snapshot()
    assert again.log_m == pytest.approx(2.5)
