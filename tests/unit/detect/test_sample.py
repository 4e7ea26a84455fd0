import msgspec
import pytest

from ringfence.detect import sample


def filled(values: range, salt: str = "s", bucket: int = 1) -> sample.Sample:
    made = sample.new_sample({}, salt)
    for n in values:
        sample.see(made, bucket, f"v{n}")
    return made


@pytest.mark.parametrize("many", [100, 1024, 2_000, 20_000, 100_000])
def test_the_count_is_near_and_the_memory_bounded(many: int) -> None:
    errors = []
    for salt in "abcdef":
        made = filled(range(many), salt)
        assert len(made[sample.KEPT]) <= sample.MOST_KEPT
        errors.append(made[sample.COUNT] / many - 1)
    assert abs(sum(errors) / len(errors)) < 0.06
    assert max(map(abs, errors)) < 0.2


def test_a_value_counts_once_however_often_it_comes() -> None:
    made = filled(range(5_000))
    before = made[sample.COUNT]
    for n in range(5_000):
        sample.see(made, 1, f"v{n}")
    assert made[sample.COUNT] == pytest.approx(before)


def test_values_leave_and_the_rate_rises_again() -> None:
    made = filled(range(50_000))
    for n in range(3_000):
        sample.see(made, 5, f"w{n}")
    sample.forget(made, 1)
    assert made[sample.COUNT] == pytest.approx(3_000, rel=0.35)
    for n in range(3_000):
        sample.see(made, 6, f"w{n}")
    sample.forget(made, 5)
    assert made[sample.COUNT] == pytest.approx(3_000, rel=0.2)
    sample.forget(made, 6)
    assert made[1:] == [0, 0.0, {}]


def test_which_values_are_kept_depends_on_what_nobody_knows() -> None:
    one, other = filled(range(20_000), "a"), filled(range(20_000), "b")
    both = one[sample.KEPT].keys() & other[sample.KEPT].keys()
    assert len(both) < len(one[sample.KEPT]) / 4


def test_a_copy_shares_nothing_and_a_snapshot_is_the_state() -> None:
    made = filled(range(5_000))
    before = msgspec.msgpack.encode(made)
    copy = sample.copied(made)
    restored = msgspec.msgpack.decode(before)
    for one in (copy, restored):
        for n in range(5_000, 9_000):
            sample.see(one, 2, f"v{n}")
    assert msgspec.msgpack.encode(made) == before
    assert msgspec.msgpack.encode(copy) == msgspec.msgpack.encode(restored)
