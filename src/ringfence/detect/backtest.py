"""Run two sets of rules over the same stored events and say what would differ, acts included."""

from collections.abc import Iterable, Sequence

import msgspec

from ringfence.detect.alert import Alert
from ringfence.detect.compiled import CompiledRule
from ringfence.detect.engine import Engine
from ringfence.detect.responses import Act, acts_for
from ringfence.events import Event


class Outcome(msgspec.Struct, frozen=True):
    """What one set of rules makes of the events."""

    alerts: tuple[Alert, ...]
    acts: tuple[tuple[str, Act], ...]
    """Alert id and act."""


class Difference(msgspec.Struct, frozen=True):
    """What the new rules raise that the old do not, and the other way round."""

    events: int
    more: tuple[Alert, ...]
    fewer: tuple[Alert, ...]
    new_acts: tuple[Act, ...]
    lost_acts: tuple[Act, ...]


def outcome(rules: Sequence[CompiledRule], events: Iterable[tuple[int, Event]]) -> Outcome:
    """Return what the rules raise and do over the events, from no state."""
    engine = Engine(rules)
    by_id = {rule.rule.id: rule.rule for rule in rules}
    alerts: list[Alert] = []
    acts: list[tuple[str, Act]] = []
    for position, event in events:
        for alert in engine.feed(position, event):
            if alert.rule in by_id:  # and none of detection's own
                acts += [(alert.alert_id, act) for act in acts_for(by_id[alert.rule], alert, alerts)]
            alerts.append(alert)
    return Outcome(tuple(alerts), tuple(acts))


def compare(
    old: Sequence[CompiledRule], new: Sequence[CompiledRule], events: Sequence[tuple[int, Event]]
) -> Difference:
    """Return what changes when `new` takes the place of `old`; alerts are the same by rule, group and time."""
    before, after = outcome(old, events), outcome(new, events)
    known, found = {a.alert_id for a in before.alerts}, {a.alert_id for a in after.alerts}
    did, does = {act for _, act in before.acts}, {act for _, act in after.acts}
    return Difference(
        events=len(events),
        more=tuple(a for a in after.alerts if a.alert_id not in known),
        fewer=tuple(a for a in before.alerts if a.alert_id not in found),
        new_acts=tuple(dict.fromkeys(act for _, act in after.acts if act not in did)),
        lost_acts=tuple(dict.fromkeys(act for _, act in before.acts if act not in does)),
    )
