"""What one group did in a rule's window: six buckets that slide with the events' own time.

Counts and sums are kept by bucket, distinct values with the bucket in which they were last seen. State
is plain lists and dicts, so that a snapshot is the state and nothing else. Above `MOST_VALUES` values are sampled, so
that a measure grows with an attack of any size: a condition over two measures must not turn false because one is full.
"""

from collections.abc import Sequence
from typing import Any, Final

from ringfence.detect import sample

BUCKETS: Final = 6
MOST_VALUES: Final = 1024
"""Different values that one measure of one group counts exactly; more are estimated from a sample."""
MOST_EVIDENCE: Final = 10

COUNTS, VALUES, EVIDENCE, NEWEST = range(4)

Group = list[Any]
"""`[counts by measure, values by measure, evidence, newest bucket]`."""


def new_group(measures: int) -> Group:
    """Return a group that did nothing yet."""
    return [[[0.0] * BUCKETS for _ in range(measures)], [{} for _ in range(measures)], [], -1]


def copied(group: Group) -> Group:
    """Return a copy that shares nothing that changes."""
    values = [sample.copied(seen) if type(seen) is list else dict(seen) for seen in group[VALUES]]
    return [[list(counts) for counts in group[COUNTS]], values, list(group[EVIDENCE]), group[NEWEST]]


def slide(group: Group, bucket: int) -> bool:
    """Move the window to `bucket`; False if the event is too old for it."""
    newest = group[NEWEST]
    if bucket == newest:
        return True
    if bucket < newest:
        return bool(bucket > newest - BUCKETS)
    gone = min(BUCKETS, bucket - newest)
    for step in range(1, gone + 1):
        slot = (bucket - gone + step) % BUCKETS
        for counts in group[COUNTS]:
            counts[slot] = 0.0
    oldest = bucket - BUCKETS
    for index, values in enumerate(group[VALUES]):
        if type(values) is list:
            sample.forget(values, oldest)
            if not values[sample.DEPTH] and len(values[sample.KEPT]) == values[sample.COUNT]:
                group[VALUES][index] = {value: seen for value, (seen, _) in values[sample.KEPT].items()}
        elif values:
            group[VALUES][index] = {value: seen for value, seen in values.items() if seen > oldest}
    group[NEWEST] = bucket
    return True


def add(group: Group, measure: int, bucket: int, amount: float) -> None:
    """Count an amount."""
    group[COUNTS][measure][bucket % BUCKETS] += amount


def see(group: Group, measure: int, bucket: int, value: str, salt: str) -> None:
    """Note a value; `salt` is what whoever chooses values cannot know."""
    values = group[VALUES][measure]
    if type(values) is list:
        sample.see(values, bucket, value)
    elif value in values:
        values[value] = max(values[value], bucket)
    else:
        values[value] = bucket
        if len(values) > MOST_VALUES:
            group[VALUES][measure] = sample.new_sample(values, salt)


def total(group: Group, measure: int, *, distinct: bool) -> float:
    """Return what a measure comes to in the window."""
    if not distinct:
        return float(sum(group[COUNTS][measure]))
    values = group[VALUES][measure]
    return float(values[sample.COUNT] if type(values) is list else len(values))


def remember(group: Group, position: int, correlation: str) -> None:
    """Keep the newest events as evidence."""
    evidence = group[EVIDENCE]
    evidence.append((position, correlation))  # a tuple of atoms is nothing that the collector walks
    if len(evidence) > MOST_EVIDENCE:
        del evidence[0]


def evidence_of(group: Group) -> Sequence[tuple[int, str]]:
    """Return position and correlation id of the newest events that counted."""
    return tuple((position, correlation) for position, correlation in group[EVIDENCE])
