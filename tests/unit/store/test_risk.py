import pytest

from ringfence.clock import Instant
from ringfence.store.risk import (
    MOST_WEIGHT,
    NO_RISK,
    UNREADABLE,
    NoRiskRows,
    Piece,
    entity_key,
    pieces_of,
    risk_of,
    row_of,
)

NOW = Instant(1_800_000_000.0)


def piece(reason: str = "r", weight: float = 0.6, age: float = 0.0, half_life: float = 1800.0) -> Piece:
    return Piece(reason, weight, half_life, Instant(NOW - age))


def score(*pieces: Piece) -> float:
    return risk_of([("user", row_of(pieces))], NOW).score


def test_weight_halves_and_is_forgotten() -> None:
    assert piece().now(NOW) == 0.6
    assert piece(age=1800).now(NOW) == pytest.approx(0.3)
    assert piece().ends() == pytest.approx(NOW + 1800 * 5.907, abs=1)
    assert score(piece(age=1800 * 6)) == 0


def test_a_clock_that_runs_behind_makes_nothing_heavier() -> None:
    assert piece(age=-3600).now(NOW) == 0.6


def test_two_reasons_are_worse_than_one_and_never_certain() -> None:
    assert score(piece("a"), piece("b")) == pytest.approx(1 - 0.4 * 0.4)
    assert score(*(piece(f"r{n}", weight=5.0) for n in range(3))) < 1
    assert score(piece(weight=1.0)) == MOST_WEIGHT


def test_one_reason_counts_once_whatever_it_is_said_about() -> None:
    rows = [("user", row_of([piece("a", 0.3)])), ("client", row_of([piece("a", 0.6)]))]
    assert risk_of(rows, NOW).score == 0.6
    assert risk_of(rows, NOW).reasons == ("client:a",)


def test_the_heaviest_three_reasons_are_told() -> None:
    rows = [("user", row_of([piece(f"r{n}", 0.1 * n) for n in range(1, 6)]))]
    assert risk_of(rows, NOW).reasons == ("user:r5", "user:r4", "user:r3")


def test_nothing_is_no_risk_and_what_cannot_be_read_is_heavy() -> None:
    assert risk_of([("user", None), ("client", None)], NOW) == NO_RISK
    found = risk_of([("user", b"\0" * 8 + b"\xc1")], NOW)
    assert (found.score, found.reasons) == (MOST_WEIGHT, (f"user:{UNREADABLE}",))


def test_rows_read_as_they_were_written() -> None:
    assert pieces_of(row_of([piece("a"), piece("b")])) == (piece("a"), piece("b"))


def test_keys_are_short_and_kinds_apart() -> None:
    assert entity_key("user", "u") == b"user:u"
    assert entity_key("user", "u") != entity_key("client", "u")
    assert len(entity_key("client", "c" * 5000)) < 100
    assert entity_key("client", "c" * 5000) != entity_key("client", "c" * 5001)


async def test_without_a_watch_nothing_speaks_against_anybody() -> None:
    rows = NoRiskRows()
    await rows.put({b"user:u": b"x"})
    assert rows.get([b"user:u", b"b"]) == [None, None]
