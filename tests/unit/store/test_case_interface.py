from ringfence.clock import Instant
from ringfence.store.case_interface import Case, Silence


def test_a_case_is_open_until_it_is_closed_or_merged() -> None:
    assert Case("c", "t", Instant(1.0), "u").is_open
    assert not Case("c", "t", Instant(1.0), "u", disposition="benign").is_open
    assert not Case("c", "t", Instant(1.0), "u", merged_into="d").is_open


def test_a_silence_covers_what_has_its_values() -> None:
    silence = Silence("s", "r", {}, Instant(2.0), "w", "u", Instant(1.0))
    assert silence.covers("r", {"a": "b"})
    assert silence.covers("r", {})
    assert not silence.covers("x", {})
