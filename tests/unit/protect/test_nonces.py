import itertools

import pytest

from ringfence.ids import system_random
from ringfence.protect.nonces import REMEMBERED, Nonces
from ringfence.store.interface import Unavailable


def test_a_source_that_is_stuck_encrypts_nothing() -> None:
    nonces = Nonces(lambda count: b"\0" * count)
    assert nonces.draw() == bytes(12)
    for _ in range(3):
        with pytest.raises(Unavailable, match="randomness"):
            nonces.draw()


def test_a_source_that_runs_in_a_short_circle_encrypts_nothing() -> None:
    circle = itertools.cycle(range(100))
    nonces = Nonces(lambda count: next(circle).to_bytes(count, "big"))
    assert len({nonces.draw() for _ in range(100)}) == 100
    with pytest.raises(Unavailable):
        nonces.draw()


def test_it_remembers_no_more_than_it_says_and_others_never_repeat() -> None:
    nonces = Nonces(system_random)
    assert len({nonces.draw() for _ in range(REMEMBERED * 3)}) == REMEMBERED * 3
    assert len(nonces._seen) == len(nonces._order) == REMEMBERED
