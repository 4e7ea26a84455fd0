"""Run compiled rules over the stream: state by rule and group, in the events' own time.

What the engine does is a function of the events alone: the same events after the same snapshot raise
the same alerts, byte for byte. A group that raised an alert goes on counting; it raises no second one
during its cool-down. Groups are capped for each rule; the one that was quiet longest goes first, and
is counted.

An event whose time is doubted (`stream_time`) counts at once, as it says: in a quiet stream the next one may come in an
hour. What it changed is remembered, and taken back where the events after it say otherwise; then it counts as of now.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple, get_args

import msgspec

from ringfence.clock import Instant
from ringfence.detect import sequence, window
from ringfence.detect.alert import Alert, alert_id
from ringfence.detect.compiled import CompiledRule
from ringfence.detect.derived import Derived
from ringfence.detect.dispatch import BrokenRule, Counted, Dispatch, Taken
from ringfence.detect.fields import as_text, fields_of
from ringfence.detect.history import History, Positions, nowhere
from ringfence.detect.own_alerts import EVERY, rule_failed, times_not_believed
from ringfence.detect.slices import Encoding, joined, sliced, whole
from ringfence.detect.stream_time import BELIEVED, LATENESS, REFUTED, StreamTime
from ringfence.events import Event, decode, encode

MOST_GROUPS: Final = 100_000
"""Groups of one rule kept at once."""
_FACTS: Final = frozenset(kind.__struct_config__.tag for kind in get_args(Derived))
CONTEXT: Final = ("client", "user", "grant", "network")

MOST_DOUBTED: Final = 64
"""Events kept beside those that are doubted, late ones included; then the doubt ends."""
NEVER: Final = -1e18
_OWN: Final = ""
"""In a snapshot, the name of what is no rule's."""

_GROUP, _FIRED_AT, _SUPPRESSED = range(3)

Changed = list[tuple[str, str, Any]]
"""Rule, group and what its state was; None where there was none."""


class _Doubted(NamedTuple):
    """An event that may have to count anew."""

    position: int
    event: Event
    facts: list[Derived]
    """What follows from it: found once, since that teaches."""
    changed: Changed
    raised: list[str]
    """Alerts that it raised: they are told already."""


class Engine:
    """Rules with their state."""

    def __init__(
        self, rules: Iterable[CompiledRule], most_groups: int = MOST_GROUPS, positions: Positions = nowhere
    ) -> None:
        """Start with no state; `positions` says where networks are, for the facts of `derived`."""
        self._rules = tuple(rules)
        self.history = History(positions)
        self._needs_history = any(not rule.kinds or rule.kinds & _FACTS for rule in self._rules)
        self.most_groups = most_groups
        self._groups: dict[str, OrderedDict[str, list[Any]]] = {r.rule.id: OrderedDict() for r in self._rules}
        self.evicted = 0
        """Groups that had to go to make room."""
        self.broken: dict[str, str] = {}
        """Rules that raised something else than alerts, with the form in which they did."""
        self._dispatch = self._without_broken()
        self._time = StreamTime()
        self._doubted: list[_Doubted] = []
        self._changed: Changed | None = None
        """Where what groups were before is noted."""
        self._told_at = NEVER
        self.not_believed = 0
        """Events whose time was not believed."""

    def feed(self, position: int, event: Event) -> list[Alert]:
        """Take the next event of the stream and return the alerts that it raises."""
        at, time = float(event.at), self._time
        facts = self.history.feed(event) if self._needs_history else []
        if time.floor <= at <= time.limit and not self._doubted:
            time.late = 0
            if at > time.newest:
                time.advance(at)
            return self._take(position, event, facts, at) if facts else self._take_one(position, event, at)
        return self._feed_in_doubt(_Doubted(position, event, facts, [], []), at)

    def _take(self, position: int, event: Event, facts: list[Derived], at: float) -> list[Alert]:
        alerts = self._take_one(position, event, at)
        for fact in facts:
            alerts += self._take_one(position, fact, at)
        return alerts

    def _take_one(self, position: int, event: Event | Derived, at: float) -> list[Alert]:
        alerts = []
        try:
            found = self._dispatch.taken(event)
        except BrokenRule as broken:
            told = self._leave_out(broken.rule, position, at, broken.__cause__ or broken)
            return [told, *self._take_one(position, event, at)]
        for taken in found:
            try:
                alert = self._count(taken, event, position, at)
            except Exception as why:  # noqa: BLE001 - whatever it is: one rule must not stop the others
                alert = self._leave_out(taken.rule, position, at, why)
            if alert is not None:
                alerts.append(alert)
        return alerts

    def _leave_out(self, rule: CompiledRule, position: int, at: float, why: BaseException) -> Alert:
        """Ask a rule no more, in the form that it has now."""
        self.broken[rule.rule.id] = _form(rule)
        self._dispatch = self._without_broken()
        return rule_failed(rule.rule.id, at, position, repr(why))

    def _without_broken(self) -> Dispatch:
        return Dispatch([rule for rule in self._rules if self.broken.get(rule.rule.id) != _form(rule)])

    def _feed_in_doubt(self, one: _Doubted, at: float) -> list[Alert]:
        time = self._time
        said = time.see(at)
        if said == BELIEVED:
            return [*self._take_in_doubt(one, at), *self._believe()]
        alerts: list[Alert] = []
        if len(self._doubted) >= MOST_DOUBTED:
            said, time.ahead = REFUTED, [at] if at > time.limit else []
        if said == REFUTED:
            alerts = self._settle(one.position, time.now(at) + LATENESS)
        if time.ahead:
            return alerts + self._take_in_doubt(one, at)
        return alerts + self._take(one.position, one.event, one.facts, at)

    def _take_in_doubt(self, doubted: _Doubted, at: float) -> list[Alert]:
        self._changed = doubted.changed
        try:
            alerts = self._take(doubted.position, doubted.event, doubted.facts, at)
        finally:
            self._changed = None
        self._doubted.append(doubted)
        new = [alert for alert in alerts if alert.alert_id not in doubted.raised]
        doubted.raised.extend(alert.alert_id for alert in new)
        return new

    def _take_back(self) -> list[_Doubted]:
        """Undo what all that is doubted has changed, and return it."""
        doubted, self._doubted = self._doubted, []
        for one in reversed(doubted):
            for rule, key, before in reversed(one.changed):
                groups = self._groups.get(rule, OrderedDict())
                if before is None:
                    groups.pop(key, None)
                else:
                    groups[key] = before
            one.changed.clear()
        return doubted

    def _believe(self) -> list[Alert]:
        """Let stand what is up to the limit, in the order in which it came; the rest stays doubted."""
        limit = self._time.limit
        later = [one.event.at > limit for one in self._doubted]
        if later == sorted(later):
            self._doubted = self._doubted[later.index(True) :] if True in later else []
            return []
        alerts: list[Alert] = []
        for one in sorted(self._take_back(), key=lambda one: one.event.at > limit):
            alerts += self._take_in_doubt(one, float(one.event.at))
        self._doubted = [one for one in self._doubted if one.event.at > limit]
        return alerts

    def _settle(self, position: int, most: float) -> list[Alert]:
        """Count what was doubted anew, as of `most` where it says later."""
        alerts: list[Alert] = []
        worst, events = 0.0, 0
        for one in self._take_back():
            at = float(one.event.at)
            events += at > most
            worst = max(worst, at - most)
            counted = self._take(one.position, one.event, one.facts, min(at, most))
            alerts += [alert for alert in counted if alert.alert_id not in one.raised]
        self.not_believed += events
        if events and not 0 <= most - self._told_at < EVERY:
            self._told_at = most
            alerts.append(times_not_believed(most - LATENESS, position, events, worst))
        return alerts

    def _count(self, taken: Taken, event: Event | Derived, position: int, now: float) -> Alert | None:
        values = []
        for read in taken.group:
            value = as_text(read(event))
            if not value:
                return None  # an event without the field belongs to no group: an empty user is nobody, not one person
            values.append(value)
        rule = taken.rule
        state = self._state(rule, "\x1f".join(values))
        if rule.steps:
            shown = (position, _correlation(event))
            done = sequence.take(state[_GROUP], rule.steps, rule.window_seconds, taken.selections, now, shown)
            numbers: dict[str, float] | None = {} if done else None
        else:
            group, bucket = state[_GROUP], int(now // rule.bucket_seconds)
            if bucket != group[window.NEWEST] and not window.slide(group, bucket):
                if not self._is_ahead(group[window.NEWEST] * rule.bucket_seconds):
                    return None
                group = state[_GROUP] = _new_group(rule)
                window.slide(group, bucket)
            numbers = _window(rule, group, taken.counted, event, position, bucket)
        if numbers is None:
            return None
        if now - state[_FIRED_AT] < rule.cool_down and not self._is_ahead(state[_FIRED_AT]):
            state[_SUPPRESSED] += 1
            return None
        state[_FIRED_AT] = now
        state[_SUPPRESSED] = 0
        return self._alert(rule, tuple(values), numbers, state, fields_of(event) | {"at": now}, position)

    def _is_ahead(self, at: float) -> bool:
        """Say whether a moment is one that we believed and do not believe any more."""
        return at > self._time.limit and not self._time.ahead

    def _state(self, rule: CompiledRule, key: str) -> list[Any]:
        groups = self._groups[rule.rule.id]
        state = groups.get(key)
        if self._changed is not None:
            self._changed.append((rule.rule.id, key, None if state is None else _copied(rule, state)))
        if state is None:
            state = groups[key] = [_new_group(rule), NEVER, 0]
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
        shown = state[_GROUP][sequence.SHOWN] if rule.steps else state[_GROUP][window.EVIDENCE]
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

    @property
    def now(self) -> float:
        """The time of the stream that is believed; minus infinity before there is any."""
        return self._time.newest

    def live_groups(self) -> int:
        """Return how many groups of all rules are remembered."""
        return sum(len(groups) for groups in self._groups.values())

    def snapshot(self) -> bytes:
        """Return the whole state, to go on from later."""
        return whole(self.encoding())

    def encoding(self) -> Encoding[bytes]:
        """Encode the whole state; no event may be fed until that is done."""
        saved: dict[str, list[Any]] = {_OWN: self._own()}
        for rule, groups in self._groups.items():
            saved[rule] = yield from sliced(groups.items())
        return msgspec.msgpack.encode(saved)

    def _own(self) -> list[Any]:
        doubted = [(one.position, encode(one.event), one.facts, one.changed, one.raised) for one in self._doubted]
        return [self._time.snapshot(), doubted, self._told_at, self.not_believed, self.broken]

    def restore(self, snapshot: bytes) -> None:
        """Go on from a snapshot. State of rules that are gone is left out; a rule whose shape changed starts anew."""
        saved = msgspec.msgpack.decode(snapshot, type=dict[str, list[Any]])
        fits = {rule.rule.id: rule for rule in self._rules}
        for name, rule in fits.items():
            groups = [(key, state) for key, state in joined(saved.get(name, [])) if _fits(rule, state)]
            self._groups[name] = OrderedDict(groups)
        if own := saved.get(_OWN):
            time, doubted, self._told_at, self.not_believed, self.broken = own
            self._time.restore(time)
            self._dispatch = self._without_broken()
            self._doubted = [
                _Doubted(
                    position,
                    decode(event),
                    msgspec.convert(facts, list[Derived]),
                    [
                        (rule, key, state)
                        for rule, key, state in changed
                        if rule in fits and (state is None or _fits(fits[rule], state))
                    ],
                    raised,
                )
                for position, event, facts, changed, raised in doubted
            ]


def _form(rule: CompiledRule) -> str:
    """Return what changes when a rule is written anew."""
    return hashlib.sha256(msgspec.json.encode(rule.rule)).hexdigest()[:16]


def _new_group(rule: CompiledRule) -> list[Any]:
    return sequence.new_progress(len(rule.steps)) if rule.steps else window.new_group(len(rule.measures))


def _copied(rule: CompiledRule, state: list[Any]) -> list[Any]:
    copied = sequence.copied if rule.steps else window.copied
    return [copied(state[_GROUP]), *state[_FIRED_AT:]]


def _window(
    rule: CompiledRule,
    group: window.Group,
    counted: tuple[Counted, ...],
    event: Event | Derived,
    position: int,
    bucket: int,
) -> dict[str, float] | None:
    counts, correlation = False, _correlation(event)
    for number, distinct, amount in counted:
        if distinct is not None:
            value = as_text(distinct(event))
            if not value:
                continue
            window.see(group, number, bucket, value, correlation)
        else:
            window.add(group, number, bucket, 1.0 if amount is None else float(amount(event) or 0))
        counts = True
    if not counts:
        return None
    window.remember(group, position, correlation)
    for number, least in rule.floors:
        if window.total(group, number, distinct=bool(rule.measures[number].distinct)) < least:
            return None
    numbers = {m.name: window.total(group, n, distinct=bool(m.distinct)) for n, m in enumerate(rule.measures)}
    return numbers if rule.condition is not None and rule.condition(numbers) else None


def _correlation(event: Event | Derived) -> str:
    return str(getattr(event, "correlation", ""))


def _fits(rule: CompiledRule, state: list[Any]) -> bool:
    inner = state[_GROUP]
    if rule.steps:
        return sequence.fits(inner, len(rule.steps))
    return isinstance(inner[window.COUNTS], list) and len(inner[window.COUNTS]) == len(rule.measures)
