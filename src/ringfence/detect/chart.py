"""What a group did before, when and after it raised an alert: a measure's bars over time, and what was usual."""

from collections.abc import Iterable
from statistics import median
from typing import Final

import msgspec

from ringfence.clock import Instant
from ringfence.detect.alert import Alert
from ringfence.detect.compiled import CompiledRule
from ringfence.detect.fields import as_text, fields_of
from ringfence.detect.window import BUCKETS
from ringfence.events import Event

BEFORE: Final = 8
"""Windows before the one in which the alert was raised."""
AFTER: Final = 1


class Series(msgspec.Struct, frozen=True):
    """One measure."""

    measure: str
    bars: tuple[float, ...]
    """What it came to in each bucket by itself."""
    usual: float
    """The median bar before the alert's window."""
    peak: float
    """The highest bar within it and after."""


class Chart(msgspec.Struct, frozen=True):
    """Bars of one bucket's length each; the alert was raised in bucket number `raised`."""

    begins_at: Instant
    bucket_seconds: float
    raised: int
    series: tuple[Series, ...]
    complete: bool = True
    """False where older events than were looked at would belong to it."""


def span(rule: CompiledRule, at: Instant) -> tuple[Instant, Instant]:
    """Return from when to when events belong to the chart of an alert raised `at`."""
    last = int(at // rule.bucket_seconds)
    first = last + 1 - BUCKETS * (BEFORE + 1)
    return Instant(first * rule.bucket_seconds), Instant((last + 1 + BUCKETS * AFTER) * rule.bucket_seconds)


def chart(rule: CompiledRule, alert: Alert, events: Iterable[Event], *, complete: bool = True) -> Chart:
    """Return the chart of an alert.

    Args:
        rule: that raised it.
        alert: its group says whose events count.
        events: of the time that `span` gives; others are left out.
        complete: all of them are there.
    """
    begins_at, ends_at = span(rule, alert.at)
    count = round((ends_at - begins_at) / rule.bucket_seconds)
    selections = dict(rule.selections)
    wanted = _wanted(rule)
    sums = [[0.0] * count for _ in wanted]
    values: list[list[set[str]]] = [[set() for _ in range(count)] for _ in wanted]
    for event in events:
        if not begins_at <= event.at < ends_at or (rule.kinds and event.__struct_config__.tag not in rule.kinds):
            continue
        fields = fields_of(event)
        if any(as_text(fields.get(name, "")) != value for name, value in alert.group.items()):
            continue
        bucket = int(event.at // rule.bucket_seconds) - int(begins_at // rule.bucket_seconds)
        for number, (_, of, distinct, amount) in enumerate(wanted):
            if not selections[of](fields):
                continue
            if distinct:
                values[number][bucket].add(as_text(fields.get(distinct, "")))
            else:
                sums[number][bucket] += float(fields.get(amount) or 0) if amount else 1.0
    window_begins = count - BUCKETS * (AFTER + 1)
    series = []
    for number, (name, _, distinct, _) in enumerate(wanted):
        bars = [float(len(seen - {""})) for seen in values[number]] if distinct else sums[number]
        series.append(Series(name, tuple(bars), float(median(bars[:window_begins])), max(bars[window_begins:])))
    return Chart(begins_at, rule.bucket_seconds, count - BUCKETS * AFTER - 1, tuple(series), complete)


def _wanted(rule: CompiledRule) -> list[tuple[str, str, str, str]]:
    """Return name, selection, distinct field and summed field of each line; of a sequence, its steps."""
    if rule.steps:
        return [(of, of, "", "") for of in dict.fromkeys(of for of, _ in rule.steps)]
    return [(measure.name, measure.of, measure.distinct, measure.sum) for measure in rule.measures]
