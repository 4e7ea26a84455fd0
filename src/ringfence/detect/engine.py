"""Run compiled rules over the stream: state by rule and group, in the events' own time.

What the engine does is a function of the events alone: the same events after the same snapshot raise
the same alerts, byte for byte. A group that raised an alert goes on counting; it raises no second one
during its cool-down. Groups are capped for each rule; the one that was quiet longest goes first, and
is counted.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from ringfence.clock import Instant
from ringfence.detect import window
from ringfence.detect.alert import Alert, alert_id
from ringfence.detect.compiled import CompiledRule
from ringfence.detect.dispatch import Counted, Dispatch, Taken
from ringfence.detect.fields import as_text, fields_of
from ringfence.events import Event

MOST_GROUPS: Final = 100_000
"""Groups of one rule kept at once."""
CONTEXT: Final = ("client", "user", "grant", "network")

_GROUP, _FIRED_AT, _SUPPRESSED = range(3)
_STEP, _TIMES, _SINCE, _SHOWN = range(4)


class Engine:
    """Rules with their state."""

    def __init__(self, rules: Iterable[CompiledRule], most_groups: int = MOST_GROUPS) -> None:
        """Start with no state."""
        self._rules = tuple(rules)
        self.most_groups = most_groups
        self._groups: dict[str, OrderedDict[str, list[Any]]] = {r.rule.id: OrderedDict() for r in self._rules}
        self.evicted = 0
        """Groups that had to go to make room."""
        self._dispatch = Dispatch(self._rules)

    def feed(self, position: int, event: Event) -> list[Alert]:
        """Take the next event of the stream and return the alerts that it raises."""
        found = (self._count(taken, event, position) for taken in self._dispatch.taken(event))
        return [alert for alert in found if alert is not None]

    def _count(self, taken: Taken, event: Event, position: int) -> Alert | None:
        values = []
        for read in taken.group:
            value = as_text(read(event))
            if not value:
                return None  # an event without the field belongs to no group: an empty user is nobody, not one person
            values.append(value)
        rule, now = taken.rule, float(event.at)
        state = self._state(rule, "\x1f".join(values))
        numbers = (
            _sequence(rule, state[_GROUP], taken.selections, event, position)
            if rule.steps
            else _window(rule, state[_GROUP], taken.counted, event, position)
        )
        if numbers is None:
            return None
        if now - state[_FIRED_AT] < rule.cool_down:
            state[_SUPPRESSED] += 1
            return None
        state[_FIRED_AT] = now
        state[_SUPPRESSED] = 0
        return self._alert(rule, tuple(values), numbers, state, fields_of(event), position)

    def _state(self, rule: CompiledRule, key: str) -> list[Any]:
        groups = self._groups[rule.rule.id]
        state = groups.get(key)
        if state is None:
            inner = [0, 0, 0.0, []] if rule.steps else window.new_group(len(rule.measures))
            state = groups[key] = [inner, -1e18, 0]
            if len(groups) > self.most_groups:
                groups.popitem(last=False)
                self.evicted += 1
        else:
            groups.move_to_end(key)
        return state

    def _alert(
        self,
        rule: CompiledRule,
        values: tuple[str, ...],
        numbers: dict[str, float],
        state: list[Any],
        fields: Mapping[str, Any],
        position: int,
    ) -> Alert:
        group = dict(zip(rule.rule.group_by, values, strict=True))
        shown = state[_GROUP][_SHOWN] if rule.steps else state[_GROUP][window.EVIDENCE]
        told = {name: f"{number:g}" for name, number in numbers.items()}
        return Alert(
            alert_id=alert_id(rule.rule.id, values, position),
            rule=rule.rule.id,
            at=Instant(float(fields["at"])),
            position=position,
            level=rule.rule.level,
            mode=rule.rule.mode,
            title=rule.rule.title,
            group=group,
            measures=numbers,
            explanation=rule.rule.explain.format_map(group | told),
            evidence=tuple((int(at), str(correlation)) for at, correlation in shown),
            owasp=rule.rule.references.owasp,
            attack=rule.rule.references.attack,
            context={name: str(fields[name]) for name in CONTEXT if fields.get(name)},
        )

    def live_groups(self) -> int:
        """Return how many groups of all rules are remembered."""
        return sum(len(groups) for groups in self._groups.values())

    def snapshot(self) -> bytes:
        """Return the whole state, to go on from later."""
        return msgspec.msgpack.encode({rule: list(groups.items()) for rule, groups in self._groups.items()})

    def restore(self, snapshot: bytes) -> None:
        """Go on from a snapshot. State of rules that are gone is left out; a rule whose shape changed starts anew."""
        saved = msgspec.msgpack.decode(snapshot, type=dict[str, list[tuple[str, list[Any]]]])
        for rule in self._rules:
            groups = [(key, state) for key, state in saved.get(rule.rule.id, []) if _fits(rule, state)]
            self._groups[rule.rule.id] = OrderedDict(groups)


def _window(
    rule: CompiledRule, group: window.Group, counted: tuple[Counted, ...], event: Event, position: int
) -> dict[str, float] | None:
    bucket = int(event.at // rule.bucket_seconds)
    if not window.slide(group, bucket):
        return None
    counts = False
    for number, distinct, amount in counted:
        if distinct is not None:
            value = as_text(distinct(event))
            if not value:
                continue
            window.see(group, number, bucket, value, _correlation(event))
        else:
            window.add(group, number, bucket, 1.0 if amount is None else float(amount(event) or 0))
        counts = True
    if not counts:
        return None
    window.remember(group, position, _correlation(event))
    for number, least in rule.floors:
        if window.total(group, number, distinct=bool(rule.measures[number].distinct)) < least:
            return None
    numbers = {m.name: window.total(group, n, distinct=bool(m.distinct)) for n, m in enumerate(rule.measures)}
    return numbers if rule.condition is not None and rule.condition(numbers) else None


def _sequence(
    rule: CompiledRule, progress: list[Any], taken: frozenset[str], event: Event, position: int
) -> dict[str, float] | None:
    now = float(event.at)
    if (progress[_STEP] or progress[_TIMES]) and now - progress[_SINCE] > rule.window_seconds:
        progress[:] = [0, 0, 0.0, []]
    wanted, times = rule.steps[progress[_STEP]]
    if wanted not in taken:
        return None
    if not progress[_STEP] and not progress[_TIMES]:
        progress[_SINCE] = now
    progress[_TIMES] += 1
    progress[_SHOWN] = [*progress[_SHOWN], (position, _correlation(event))][-window.MOST_EVIDENCE :]
    if progress[_TIMES] < times:
        return None
    progress[_STEP], progress[_TIMES] = progress[_STEP] + 1, 0
    if progress[_STEP] < len(rule.steps):
        return None
    shown = progress[_SHOWN]
    progress[:] = [0, 0, 0.0, shown]
    return {}


def _correlation(event: Event) -> str:
    return str(getattr(event, "correlation", ""))


def _fits(rule: CompiledRule, state: list[Any]) -> bool:
    inner = state[_GROUP]
    if rule.steps:
        return isinstance(inner[_STEP], int) and inner[_STEP] < len(rule.steps)
    return isinstance(inner[window.COUNTS], list) and len(inner[window.COUNTS]) == len(rule.measures)
