import itertools

import pytest

from ringfence.keys.states import TABLE, NotAllowed, State, may_process, may_protect, move

S = State

ALLOWED = {
    (S.PRE_ACTIVATION, S.ACTIVE),
    (S.PRE_ACTIVATION, S.COMPROMISED),
    (S.PRE_ACTIVATION, S.DESTROYED),
    (S.ACTIVE, S.SUSPENDED),
    (S.ACTIVE, S.DEACTIVATED),
    (S.ACTIVE, S.COMPROMISED),
    (S.SUSPENDED, S.ACTIVE),
    (S.SUSPENDED, S.DEACTIVATED),
    (S.SUSPENDED, S.COMPROMISED),
    (S.DEACTIVATED, S.COMPROMISED),
    (S.DEACTIVATED, S.DESTROYED),
    (S.COMPROMISED, S.DESTROYED),
}


def test_there_are_the_six_states_of_the_standard() -> None:
    assert len(TABLE) == len(State) == 6


@pytest.mark.parametrize(("before", "after"), list(itertools.product(State, State)))
def test_every_pair(before: State, after: State) -> None:
    if (before, after) in ALLOWED:
        assert move(before, after) is after
    else:
        with pytest.raises(NotAllowed):
            move(before, after)


def test_what_each_may_do() -> None:
    protects, processes, published = set(), set(), set()
    for state in State:
        for check, into in ((may_protect, protects), (may_process, processes)):
            try:
                check(state)
            except NotAllowed:
                continue
            into.add(state)
        if TABLE[state].published:
            published.add(state)
    assert protects == {S.ACTIVE}
    assert processes == {S.ACTIVE, S.DEACTIVATED}
    assert published == {S.PRE_ACTIVATION, S.ACTIVE, S.DEACTIVATED}


def test_nothing_comes_after_destroyed() -> None:
    assert TABLE[S.DESTROYED].next == frozenset()
