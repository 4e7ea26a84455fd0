"""Which rules take an event, found once for all events that are alike, and how each reads what it counts.

Most selections look at members that have few values, such as kind, reason and status. What they take is
remembered by these values; only rules that look at anything else are asked for each event.
"""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, Final, NamedTuple

from ringfence.detect.compiled import CompiledRule
from ringfence.detect.derived import Derived
from ringfence.detect.fields import Reader, fields_of, reader
from ringfence.detect.selection import Predicate, compile_selection
from ringfence.events import Event

FEW_VALUES: Final = frozenset(
    {"event", "allowed", "reason", "status", "method", "operation", "api", "version", "endpoint", "grant_type"}
    | {"action", "level", "rule", "mode", "kind", "state", "disposition", "payee", "what", "signs", "agent_class"}
)
MOST_KNOWN: Final = 4096
"""Combinations of values remembered for one kind; then all are forgotten, so that no caller can fill the memory."""


class BrokenRule(Exception):
    """A rule's selections cannot be asked about an event; the cause says why."""

    def __init__(self, rule: CompiledRule) -> None:
        """Keep the rule."""
        super().__init__(rule.rule.id)
        self.rule = rule


class Counted(NamedTuple):
    """One measure that an event counts for: a value to tell apart, an amount to add, or neither."""

    number: int
    distinct: Reader | None
    sum: Reader | None


class Taken(NamedTuple):
    """One rule that takes an event."""

    number: int
    """Of the rule."""
    rule: CompiledRule
    selections: frozenset[str]
    group: tuple[Reader, ...]
    counted: tuple[Counted, ...]


class _Kind(NamedTuple):
    key: Callable[[Event | Derived], Any]
    known: dict[Any, tuple[tuple[Taken, ...], tuple[tuple[int, CompiledRule], ...]]]
    """By these values: the rules that take the event, and those that have to be asked about the rest of it."""
    alike: tuple[tuple[int, CompiledRule], ...]
    each: tuple[tuple[int, CompiledRule, tuple[Predicate, ...]], ...]
    """With what their selections ask of the values that are few."""


class Dispatch:
    """The way from an event to the rules that take it."""

    def __init__(self, rules: Sequence[CompiledRule]) -> None:
        """Know nothing yet."""
        self._rules = tuple(enumerate(rules))
        self._kinds: dict[type[Event | Derived], _Kind] = {}

    def taken(self, event: Event | Derived) -> Sequence[Taken]:
        """Return the rules that take an event, in their order.  Raises BrokenRule."""
        kind = self._kinds.get(type(event))
        if kind is None:
            kind = self._kinds[type(event)] = self._prepare(event)
        key = kind.key(event)
        found = kind.known.get(key)
        if found is None:
            if len(kind.known) >= MOST_KNOWN:
                kind.known.clear()
            fields = fields_of(event)
            asked = tuple((n, rule) for n, rule, few in kind.each if _may_take(rule, few, fields))
            found = kind.known[key] = (_ask(kind.alike, event), asked)
        taken, asked = found
        if asked and (more := _ask(asked, event)):
            return sorted((*taken, *more), key=attrgetter("number"))
        return taken

    def _prepare(self, event: Event | Derived) -> _Kind:
        tag, members = event.__struct_config__.tag, event.__struct_fields__
        rules = [(n, rule) for n, rule in self._rules if not rule.kinds or tag in rule.kinds]
        looked_at = {n: _fields_looked_at(rule) for n, rule in rules}
        alike = tuple((n, rule) for n, rule in rules if looked_at[n] <= FEW_VALUES)
        each = tuple((n, rule, _few_parts(rule)) for n, rule in rules if not looked_at[n] <= FEW_VALUES)
        names = sorted({name for n, _ in rules for name in looked_at[n] & FEW_VALUES if name in members})
        key: Callable[[Event | Derived], Any] = attrgetter(*names) if names else type
        return _Kind(key, {}, alike, each)


def _fields_looked_at(rule: CompiledRule) -> frozenset[str]:
    return frozenset(name.partition("|")[0] for fields in rule.rule.selections.values() for name in fields)


def _few_parts(rule: CompiledRule) -> tuple[Predicate, ...]:
    """Return, for each selection, what it asks of members with few values: an event that fails this is taken by none."""
    parts = []
    for fields in rule.rule.selections.values():
        few = {name: value for name, value in fields.items() if name.partition("|")[0] in FEW_VALUES}
        parts.append(compile_selection(few, FEW_VALUES) if few else _anything)
    return tuple(parts)


def _may_take(rule: CompiledRule, few: Sequence[Predicate], fields: Any) -> bool:
    try:
        return any(fits(fields) for fits in few)
    except Exception as why:
        raise BrokenRule(rule) from why


def _anything(_: Any) -> bool:
    return True


def _ask(rules: Sequence[tuple[int, CompiledRule]], event: Event | Derived) -> tuple[Taken, ...]:
    fields, kind = fields_of(event), type(event)
    found = []
    for number, rule in rules:
        try:
            names = frozenset(name for name, fits in rule.selections if fits(fields))
        except Exception as why:
            raise BrokenRule(rule) from why
        if names:
            counted = tuple(
                Counted(n, reader(kind, m.distinct) if m.distinct else None, reader(kind, m.sum) if m.sum else None)
                for n, m in enumerate(rule.measures)
                if m.of in names
            )
            group = tuple(reader(kind, name) for name in rule.rule.group_by)
            found.append(Taken(number, rule, names, group, counted))
    return tuple(found)
