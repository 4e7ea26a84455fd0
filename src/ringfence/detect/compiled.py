"""A rule ready to run: its selections as functions, its measures by number, its condition checked."""

from collections.abc import Iterable, Mapping
from string import Formatter
from typing import Any, Final

import msgspec

from ringfence.detect.condition import Condition, InvalidCondition, compile_condition, floors
from ringfence.detect.fields import numbers_of
from ringfence.detect.rule import Rule, seconds
from ringfence.detect.selection import InvalidSelection, Predicate, compile_selection
from ringfence.detect.window import BUCKETS
from ringfence.policy.yaml_source import Path

COUNT: Final = "count"
"""The measure of a rule that names none: how many events its only selection took."""


class CompiledMeasure(msgspec.Struct, frozen=True):
    """One measure, by number."""

    name: str
    of: str
    distinct: str
    sum: str


class CompiledRule(msgspec.Struct, frozen=True):
    """One rule, compiled."""

    rule: Rule
    kinds: frozenset[str]
    """The kinds of event that any selection can take; empty where one takes any."""
    selections: tuple[tuple[str, Predicate], ...]
    measures: tuple[CompiledMeasure, ...]
    steps: tuple[tuple[str, int], ...]
    condition: Condition | None
    floors: tuple[tuple[int, float], ...]
    """Measures by number with what each must at least come to before the condition is worth asking."""
    bucket_seconds: float
    window_seconds: float
    cool_down: float


class RuleMistake(ValueError):
    """A rule cannot be used: where in its file, what is wrong, what to write instead."""

    def __init__(self, path: Path, message: str, instead: str = "") -> None:
        """Keep the parts."""
        super().__init__(message)
        self.path = path
        self.message = message
        self.instead = instead


def compile_rule(rule: Rule, known: frozenset[str]) -> CompiledRule:
    """Return a rule ready to run.

    Raises:
        RuleMistake: the first thing that is wrong with it.
    """
    selections = tuple(_selections(rule, known))
    names = [name for name, _ in selections]
    for index, field in enumerate(rule.group_by):
        if field not in known:
            raise RuleMistake(("group-by", index), f"no event has a field `{field}`")
    measures = tuple(_measures(rule, names, known))
    if rule.sequence and (rule.measures or rule.fires):
        raise RuleMistake(("sequence",), "a rule has a sequence, or measures with `fires`", "remove one of them")
    for index, step in enumerate(rule.sequence):
        if step.of not in names:
            raise RuleMistake(("sequence", index, "of"), f"there is no selection `{step.of}`")
    if not rule.sequence and not rule.fires:
        raise RuleMistake((), "it never fires", "write `fires:` with a condition over the measures, or a `sequence:`")
    condition = None
    if rule.fires:
        try:
            condition = compile_condition(rule.fires, frozenset(m.name for m in measures))
        except InvalidCondition as why:
            raise RuleMistake(("fires",), str(why)) from None
    _check_explanation(rule, measures)
    window = seconds(rule.timespan)
    return CompiledRule(
        rule=rule,
        kinds=_kinds(rule),
        selections=selections,
        measures=measures,
        steps=tuple((step.of, step.gte) for step in rule.sequence),
        condition=condition,
        floors=tuple((_number(measures, name), least) for name, least in (floors(rule.fires) if rule.fires else ())),
        bucket_seconds=window / BUCKETS,
        window_seconds=float(window),
        cool_down=float(seconds(rule.cool_down)),
    )


def _selections(rule: Rule, known: frozenset[str]) -> Iterable[tuple[str, Predicate]]:
    for name, fields in rule.selections.items():
        try:
            yield name, compile_selection(fields, known)
        except InvalidSelection as why:
            raise RuleMistake(("selections", name), str(why)) from None


def _measures(rule: Rule, names: list[str], known: frozenset[str]) -> Iterable[CompiledMeasure]:
    if not rule.measures and not rule.sequence:
        if len(names) != 1:
            raise RuleMistake(
                ("selections",), "with more than one selection the measures must be named", "add `measures:`"
            )
        yield CompiledMeasure(COUNT, names[0], "", "")
        return
    for name, measure in rule.measures.items():
        at: Path = ("measures", name)
        if measure.of not in names:
            raise RuleMistake((*at, "of"), f"there is no selection `{measure.of}`")
        if measure.distinct and measure.sum:
            raise RuleMistake(at, "a measure counts different values or adds up, not both")
        for member, field in (("distinct", measure.distinct), ("sum", measure.sum)):
            if field and field not in known:
                raise RuleMistake((*at, member), f"no event has a field `{field}`")
        numbers = numbers_of(_kinds_of(rule.selections[measure.of])) if measure.sum else frozenset()
        if measure.sum and measure.sum not in numbers:
            listed = ", ".join(f"`{name}`" for name in sorted(numbers))
            raise RuleMistake(
                (*at, "sum"), f"`{measure.sum}` is not a number, and only numbers add up", f"one of {listed}"
            )
        yield CompiledMeasure(name, measure.of, measure.distinct, measure.sum)


def _number(measures: tuple[CompiledMeasure, ...], name: str) -> int:
    return next(number for number, measure in enumerate(measures) if measure.name == name)


def _kinds(rule: Rule) -> frozenset[str]:
    """Return the kinds of event that the selections name, if each of them names some."""
    named = [_kinds_of(fields) for fields in rule.selections.values()]
    return frozenset().union(*named) if all(named) else frozenset()


def _kinds_of(fields: Mapping[str, Any]) -> frozenset[str]:
    """Return the kinds of event that a selection names."""
    named = fields.get("event", [])
    return frozenset(named if isinstance(named, list) else [named])


def _check_explanation(rule: Rule, measures: tuple[CompiledMeasure, ...]) -> None:
    known = {m.name for m in measures} | set(rule.group_by)
    try:
        named = [name for _, name, _, _ in Formatter().parse(rule.explain) if name is not None]
    except ValueError:
        raise RuleMistake(("explain",), "braces do not match") from None
    for name in named:
        if name not in known:
            listed = ", ".join(f"`{n}`" for n in sorted(known))
            raise RuleMistake(("explain",), f"`{{{name}}}` is neither a measure nor a group field", f"one of {listed}")
