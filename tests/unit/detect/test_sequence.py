import random

import msgspec
import pytest

from ringfence.detect import sequence

STEPS = (("failed", 3), ("passed", 1))


def taken(events: str, steps: tuple[tuple[str, int], ...] = STEPS, window: float = 10.0) -> list[float]:
    """Return when a sequence was done; `f` failed, `p` passed, `b` both, `.` nothing, one a second."""
    progress, done = sequence.new_progress(len(steps)), []
    kinds = {"f": {"failed"}, "p": {"passed"}, "b": {"failed", "passed"}}
    for at, event in enumerate(events):
        if event != "." and sequence.take(progress, steps, window, frozenset(kinds[event]), float(at), (at, "c")):
            done.append(at)
    return done


@pytest.mark.parametrize(
    ("events", "done"),
    [
        ("fffp", [3]),
        ("ffp", []),
        ("pfff", []),
        ("fff........p", []),
        ("f......fffp", [10]),
        ("f.......fff.p", [12]),
        ("ff........fp", []),
        ("fffpfffp", [3, 7]),
        ("fffpp", [3]),
        ("ffpfp", [4]),
        ("ffffffffffffffffp", [16]),
        ("ffb", []),
        ("fffb", [3]),
    ],
)
def test_steps_in_their_order_wherever_they_lie_in_the_window(events: str, done: list[int]) -> None:
    assert taken(events) == done


def test_steps_between_begin_anew_with_the_newest_that_went_before() -> None:
    steps = (("failed", 1), ("passed", 2), ("failed", 1))
    assert taken("fppf", steps) == [3]
    assert taken("fp.......fppf", steps) == [12]
    assert taken("fp........fpf", steps) == []


def brute(events: list[tuple[float, str]], window: float) -> bool:
    """Whether the last event ends three failures and a pass within the window."""
    at, last = events[-1]
    return last == "passed" and sum(kind == "failed" and t >= at - window for t, kind in events[:-1]) >= 3


@pytest.mark.parametrize("seed", range(30))
def test_the_first_time_is_found_as_looking_at_everything_finds_it(seed: int) -> None:
    rng, at = random.Random(seed), 0.0
    events: list[tuple[float, str]] = []
    progress = sequence.new_progress(2)
    for n in range(200):
        at += rng.choice([0.5, 2.0, 4.0])
        events.append((at, rng.choice(["failed", "failed", "passed"])))
        done = sequence.take(progress, STEPS, 10.0, frozenset({events[-1][1]}), at, (n, "c"))
        assert done == brute(events, 10.0)
        if done:
            events.clear()


def test_what_is_kept_is_bounded_and_a_snapshot_is_the_state() -> None:
    progress = sequence.new_progress(2)
    for n in range(10_000):
        sequence.take(progress, STEPS, 1e9, frozenset({"failed"}), float(n), (n, "c"))
    saved = msgspec.msgpack.encode(progress)
    assert len(saved) < 300
    assert sequence.copied(progress) == progress
    assert sequence.fits(msgspec.msgpack.decode(saved), 2)
    assert not sequence.fits([0, 0, 0.0, []], 2)
