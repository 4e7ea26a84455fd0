import msgspec

from ringfence.detect.anomaly import sequence
from ringfence.detect.anomaly.sequence import MOST_CLIENTS, MOST_TRAILS, Bigrams


def taught(times: int = 200) -> Bigrams:
    order = Bigrams()
    for n in range(times):
        for step in ("login", "list", "read"):
            order.surprise("c", f"t{n}", step)
    return order


def test_what_always_follows_is_no_surprise_and_what_never_did_is() -> None:
    order = taught()
    order.surprise("c", "t", "login")
    usual = order.surprise("c", "t", "list")
    order.surprise("c", "t2", "login")
    odd = order.surprise("c", "t2", "export")
    assert usual < 0.2
    assert odd > 5


def test_a_new_client_is_judged_by_everybody() -> None:
    order = taught()
    order.surprise("new", "t", "login")
    assert order.surprise("new", "t", "list") < 0.2
    order.surprise("new", "t2", "login")
    assert order.surprise("new", "t2", "read") > 4


def test_a_client_with_ways_of_its_own_is_judged_by_them() -> None:
    order = taught()
    for n in range(200):
        order.surprise("odd", f"o{n}", "login")
        order.surprise("odd", f"o{n}", "export")
    order.surprise("odd", "t", "login")
    assert order.surprise("odd", "t", "export") < 0.5
    order.surprise("c", "t2", "login")
    assert order.surprise("c", "t2", "export") > 1


def test_room_is_bounded_and_everybodys_table_never_goes(monkeypatch) -> None:
    order = taught()
    for n in range(MOST_CLIENTS + 50):
        order.surprise(f"c{n}", f"x{n}", "login")
    for n in range(MOST_TRAILS + 50):
        order.surprise("", f"y{n}", f"step{n}")
    tables, last = order.snapshot()
    assert len(tables) <= MOST_CLIENTS + 1
    assert len(last) == MOST_TRAILS
    assert "" in dict(tables)
    monkeypatch.setattr(sequence, "HALVE_AT", 50)
    for n in range(100):
        order.surprise("z", f"z{n}", "login")
    assert dict(order.snapshot()[0])["z"]["begin"][""] <= 50


def test_a_snapshot_is_gone_on_from() -> None:
    order, again = taught(), Bigrams()
    again.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(order.snapshot())))
    assert [again.surprise("c", "t", s) for s in ("login", "x")] == [
        order.surprise("c", "t", s) for s in ("login", "x")
    ]
