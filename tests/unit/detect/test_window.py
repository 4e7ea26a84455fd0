import pytest

from ringfence.detect import window


def test_counts_slide_out_with_their_bucket() -> None:
    group = window.new_group(1)
    for bucket in range(10):
        assert window.slide(group, bucket)
        window.add(group, 0, bucket, 1.0)
    assert window.total(group, 0, distinct=False) == window.BUCKETS


def test_a_long_silence_empties_the_window() -> None:
    group = window.new_group(1)
    window.slide(group, 5)
    window.add(group, 0, 5, 3.0)
    window.see(group, 0, 5, "a", "s")
    window.slide(group, 500)
    assert window.total(group, 0, distinct=False) == window.total(group, 0, distinct=True) == 0


def test_late_events_count_while_their_bucket_is_there() -> None:
    group = window.new_group(1)
    window.slide(group, 10)
    assert window.slide(group, 5)
    assert not window.slide(group, 4)
    window.add(group, 0, 5, 1.0)
    assert window.total(group, 0, distinct=False) == 1


def test_distinct_values_are_kept_by_when_they_were_seen_last_and_bounded() -> None:
    group = window.new_group(1)
    window.slide(group, 1)
    for value in ("a", "a", "b"):
        window.see(group, 0, 1, value, "s")
    window.slide(group, 6)
    window.see(group, 0, 6, "a", "s")
    window.slide(group, 7)
    assert window.total(group, 0, distinct=True) == 1


def test_values_beyond_the_exact_ones_are_still_counted_and_leave_with_their_bucket() -> None:
    group = window.new_group(1)
    for bucket in range(7):
        window.slide(group, bucket)
        for n in range(5000):
            window.see(group, 0, bucket, f"{bucket} {n}", "s")
    assert window.total(group, 0, distinct=True) == pytest.approx(30_000, rel=0.15)
    window.slide(group, 11)
    assert window.total(group, 0, distinct=True) == pytest.approx(5_000, rel=0.25)
    window.slide(group, 12)
    for n in range(20):
        window.see(group, 0, 12, str(n), "s")
    assert window.total(group, 0, distinct=True) == 20
    assert isinstance(group[window.VALUES][0], dict), "exact again"


def test_evidence_is_the_newest() -> None:
    group = window.new_group(0)
    for position in range(20):
        window.remember(group, position, f"c{position}")
    assert window.evidence_of(group)[-1] == (19, "c19")
    assert len(window.evidence_of(group)) == window.MOST_EVIDENCE
