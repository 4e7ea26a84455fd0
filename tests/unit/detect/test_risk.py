import msgspec

from ringfence.clock import Instant
from ringfence.detect.alert import Alert
from ringfence.detect.risk import ANOMALY_WEIGHT, MOST_PIECES, WEIGHTS, RiskBook, entities_of
from ringfence.store.risk import entity_key, pieces_of, risk_of

NOW = Instant(1_800_000_000.0)


def alert(rule: str = "r", at: float = 0.0, level: str = "high", mode: str = "alert", context=None, **group) -> Alert:
    return Alert(
        "alert_1", rule, Instant(NOW + at), 1, level, mode, "t", group or {"user": "u"}, {}, "", (), context=context or {}
    )  # fmt: skip


def score(book: RiskBook, kind: str = "user", value: str = "u", after: float = 0.0) -> float:
    return risk_of([(kind, book.rows().get(entity_key(kind, value)))], Instant(NOW + after)).score


def test_the_worse_the_rule_the_heavier() -> None:
    weights = list(WEIGHTS.values())
    assert weights == sorted(weights)
    for level, weight in WEIGHTS.items():
        book = RiskBook()
        book.note(alert(level=level))
        assert score(book) == weight


def test_a_rule_that_fires_all_day_weighs_what_it_weighs() -> None:
    book = RiskBook()
    for n in range(100):
        book.note(alert(at=n))
    assert score(book, after=99) == WEIGHTS["high"]


def test_an_older_alert_that_comes_late_takes_nothing_away() -> None:
    book = RiskBook()
    book.note(alert(at=100))
    book.note(alert(at=0))
    assert score(book, after=100) == WEIGHTS["high"]


def test_shadow_is_no_evidence_and_an_anomaly_is_lighter_than_a_bad_rule() -> None:
    book = RiskBook()
    book.note(alert(mode="shadow"))
    assert book.rows() == {}
    book.note(alert("anomaly", level="critical"))
    assert score(book) == ANOMALY_WEIGHT < WEIGHTS["high"]


def test_an_alert_speaks_against_its_group_and_the_person_behind_it_only() -> None:
    context = {"user": "u", "client": "c", "grant": "g", "network": "n"}
    assert list(entities_of(alert(context=context, client="c"))) == [("client", "c")]
    assert list(entities_of(alert(context=context, client="c", operation="o"))) == [("client", "c")]
    assert list(entities_of(alert(context=context, grant="g"))) == [("grant", "g"), ("user", "u")]
    assert list(entities_of(alert(context=context, username_hash="h"))) == [("name", "h"), ("user", "u")]
    assert list(entities_of(alert(context=context, username_hash="h", network="n"))) == [
        ("name", "h"),
        ("network", "n"),
        ("user", "u"),
    ]
    assert list(entities_of(alert(context=context, all="all"))) == []


def test_clearing_forgets_what_was_before_and_nothing_after() -> None:
    book = RiskBook()
    book.note(alert("old", at=0))
    book.note(alert("new", at=20))
    book.clear("user", "u", Instant(NOW + 10))
    assert [p.reason for p in pieces_of(book.rows()[b"user:u"])] == ["new"]
    book.clear("user", "u", Instant(NOW + 20))
    assert book.rows() == {}
    book.clear("user", "nobody", NOW)


def test_what_has_decayed_is_forgotten_and_its_row_taken_away() -> None:
    book = RiskBook()
    book.note(alert())
    book.told()
    book.forget(Instant(NOW + 3600))
    assert book.changes() == {}
    book.forget(Instant(NOW + 86_400))
    assert book.changes() == {b"user:u": None}
    assert book.rows() == {}


def test_room_is_bounded_and_who_went_is_counted() -> None:
    book = RiskBook(most_entities=10)
    for n in range(25):
        book.note(alert(user=f"u{n}"))
    assert (len(book.rows()), book.evicted) == (10, 15)
    assert book.changes()[b"user:u0"] is None
    for n in range(40):
        book.note(alert(f"rule-{n}", level="low" if n else "critical", user="u24"))
    pieces = pieces_of(book.rows()[b"user:u24"])
    assert len(pieces) == MOST_PIECES
    assert {"r", "rule-0"} <= {piece.reason for piece in pieces}


def test_a_snapshot_is_gone_on_from() -> None:
    book, again = RiskBook(), RiskBook()
    for n in range(5):
        book.note(alert(f"r{n}", user=f"u{n % 2}"))
    again.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(book.snapshot())))
    assert again.rows() == book.rows() == again.changes()
