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
        """Groups that had to go before their window was over."""
        self._by_kind: dict[str, tuple[CompiledRule, ...]] = {}

    def feed(self, position: int, event: Event) -> list[Alert]:
        """Take the next event of the stream and return the alerts that it raises."""
        fields = fields_of(event)
        kind = fields["event"]
        rules = self._by_kind.get(kind)
        if rules is None:
            rules = tuple(r for r in self._rules if not r.kinds or kind in r.kinds)
            self._by_kind[kind] = rules
        alerts = []
        for rule in rules:
            taken = [name for name, fits in rule.selections if fits(fields)]
            if taken and (alert := self._count(rule, taken, fields, position)) is not None:
                alerts.append(alert)
        return alerts

    def _count(self, rule: CompiledRule, taken: list[str], fields: dict[str, Any], position: int) -> Alert | None:
        values = tuple(as_text(fields.get(name, "")) for name in rule.rule.group_by)
        if "" in values:
            return None  # an event without the field belongs to no group: an empty user is nobody, not one person
        state = self._state(rule, "\x1f".join(values))
        now = float(fields["at"])
        numbers = (
            self._sequence(rule, state, taken, now, position, fields)
            if rule.steps
            else self._window(rule, state, taken, now, position, fields)
        )
        if numbers is None:
            return None
        if now - state[_FIRED_AT] < rule.cool_down:
            state[_SUPPRESSED] += 1
            return None
        state[_FIRED_AT] = now
        state[_SUPPRESSED] = 0
        return self._alert(rule, values, numbers, state, fields, position)

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

    def _window(
        self,
        rule: CompiledRule,
        state: list[Any],
        taken: list[str],
        now: float,
        position: int,
        fields: Mapping[str, Any],
    ) -> dict[str, float] | None:
        group = state[_GROUP]
        bucket = int(now // rule.bucket_seconds)
        if not window.slide(group, bucket):
            return None
        counted = False
        for number, measure in enumerate(rule.measures):
            if measure.of not in taken:
                continue
            if measure.distinct:
                value = as_text(fields.get(measure.distinct, ""))
                if not value:
                    continue
                window.see(group, number, bucket, value)
            else:
                window.add(group, number, bucket, float(fields.get(measure.sum, 0) or 0) if measure.sum else 1.0)
            counted = True
        if not counted:
            return None
        window.remember(group, position, str(fields.get("correlation", "")))
        numbers = {m.name: window.total(group, n, distinct=bool(m.distinct)) for n, m in enumerate(rule.measures)}
        return numbers if rule.condition is not None and rule.condition(numbers) else None

    def _sequence(
        self,
        rule: CompiledRule,
        state: list[Any],
        taken: list[str],
        now: float,
        position: int,
        fields: Mapping[str, Any],
    ) -> dict[str, float] | None:
        progress = state[_GROUP]
        if (progress[_STEP] or progress[_TIMES]) and now - progress[_SINCE] > rule.window_seconds:
            progress[:] = [0, 0, 0.0, []]
        wanted, times = rule.steps[progress[_STEP]]
        if wanted not in taken:
            return None
        if not progress[_STEP] and not progress[_TIMES]:
            progress[_SINCE] = now
        progress[_TIMES] += 1
        progress[_SHOWN] = [*progress[_SHOWN], [position, str(fields.get("correlation", ""))]][-window.MOST_EVIDENCE :]
        if progress[_TIMES] < times:
            return None
        progress[_STEP], progress[_TIMES] = progress[_STEP] + 1, 0
        if progress[_STEP] < len(rule.steps):
            return None
        shown = progress[_SHOWN]
        progress[:] = [0, 0, 0.0, shown]
        return {}

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


def _fits(rule: CompiledRule, state: list[Any]) -> bool:
    inner = state[_GROUP]
    if rule.steps:
        return isinstance(inner[_STEP], int) and inner[_STEP] < len(rule.steps)
    return isinstance(inner[window.COUNTS], list) and len(inner[window.COUNTS]) == len(rule.measures)
