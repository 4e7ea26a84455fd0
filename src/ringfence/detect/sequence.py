"""How far one group is in a rule's ordered steps, in a window that slides with the events' own time.

Of each step the newest events are kept, as many as it asks for, each with the time at which the best way to it began. A step
is done when it has as many; its way began where the first of them did. So the newest beginning is always known, and an
attack is seen wherever its events lie in the window. State is plain lists: a snapshot is the state and nothing else.
"""

from collections.abc import Sequence
from typing import Any, Final

MOST_SHOWN: Final = 10

CAME, BEGAN, _, SHOWN = range(4)

Progress = list[Any]
"""`[by step: times at which the ways of its newest events began, by step: when the way of the last one that was done
began or None, nothing, evidence]`."""


def new_progress(steps: int) -> Progress:
    """Return a group that took no step yet."""
    return [[[] for _ in range(steps)], [None] * steps, 0.0, []]


def copied(progress: Progress) -> Progress:
    """Return a copy that shares nothing that changes."""
    return [[list(came) for came in progress[CAME]], list(progress[BEGAN]), progress[_], list(progress[SHOWN])]


def take(
    progress: Progress,
    steps: Sequence[tuple[str, int]],
    window: float,
    taken: frozenset[str],
    now: float,
    shown: tuple[int, str],
) -> bool:
    """Take an event; say whether it was the last one of the last step, after which all begins anew.

    Args:
        progress: of the group.
        steps: selection and how many of it, in order.
        window: seconds within which all must happen.
        taken: the selections that take the event.
        now: its time.
        shown: what is kept of it as evidence.
    """
    came, began, oldest = progress[CAME], progress[BEGAN], now - window
    counted = False
    for number in range(len(steps) - 1, -1, -1):  # the last step first: one event is no two steps
        wanted, times = steps[number]
        if wanted not in taken:
            continue
        begin = began[number - 1] if number else now
        if begin is None or begin < oldest:
            continue
        counted, ways = True, came[number]
        ways.append(begin)
        if len(ways) > times:
            del ways[0]
        if len(ways) == times:
            began[number] = ways[0]
    if not counted:
        return False
    progress[SHOWN] = [*progress[SHOWN], shown][-MOST_SHOWN:]
    last = began[-1]
    if last is None or last < oldest:
        return False
    progress[:] = [*new_progress(len(steps))[:SHOWN], progress[SHOWN]]
    return True


def fits(progress: Any, steps: int) -> bool:
    """Say whether a saved state is of so many steps; one from before windows slid is not."""
    return isinstance(progress[CAME], list) and len(progress[CAME]) == steps
