"""Hold the expressions of an operation's rules against what the operation declares, at start."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from ringfence.policy.expression_model import Expression, Value
from ringfence.policy.expressions import MOST, NAMES, Mistaken, names_in
from ringfence.policy.mistakes import choose
from ringfence.policy.model import Demands
from ringfence.policy.rules_model import Facts
from ringfence.policy.zones import zone

Wrong = tuple[str, str, str]
"""The member of the demands, what is wrong, and what to write instead."""

_SCHEMA: Final = {"string": "string", "int": "integer", "bool": "boolean"}
_PYTHON: Final[Mapping[str, type]] = {"string": str, "int": int, "bool": bool}


def expression_mistakes(
    demands: Demands,
    body_member: Callable[[str, frozenset[str]], str],
    parameters: Mapping[str, str],
    *,
    geo: bool,
) -> Iterator[Wrong]:
    """Yield what is wrong with expressions: their text, their types, and what they speak of.

    Args:
        demands: of the operation.
        body_member: returns what is wrong with a pointer into the body that has to be of one of these types, or `""`.
        parameters: the operation's, as `location.name`, with the type that their schema has.
        geo: there is a country database.
    """
    facts = demands.facts or Facts()
    for rule in demands.rules or ():
        if rule.expression is None:
            continue
        for wrong, instead in _wrong(rule.expression, facts, body_member, parameters, geo=geo):
            yield "rules", f"the expression of the rule `{rule.name}` {wrong}", instead


def _wrong(
    expression: Expression,
    facts: Facts,
    body_member: Callable[[str, frozenset[str]], str],
    parameters: Mapping[str, str],
    *,
    geo: bool,
) -> Iterator[tuple[str, str]]:
    try:
        zone(expression.zone)
    except ValueError:
        yield f"names the time zone `{expression.zone}`, which is not known", "write `Europe/London`"
    for name, value in expression.values.items():
        if name in NAMES:
            yield f"declares `{name}`, which every expression has", "write another name"
        yield from _value(name, value, body_member, parameters)
    known = {name: kind for name, (kind, _) in NAMES.items()} | {n: v.type for n, v in expression.values.items()}
    try:
        used = names_in(expression.must, known)
    except Mistaken as why:
        yield why.wrong, why.instead
        return
    for name in sorted(used & NAMES.keys()):
        for need in NAMES[name][1]:
            if not getattr(facts, need):
                yield f"uses `{name}`", f"write `{need}` under `facts`, with its place in the call"
    if "caller_country" in used and not geo:
        yield "asks for the caller's country", "name a database under `geo`"
    for name in sorted(expression.values.keys() - used):
        yield f"does not use `{name}`", "leave it out under `values`"


def _value(
    name: str, value: Value, body_member: Callable[[str, frozenset[str]], str], parameters: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    wanted = _SCHEMA[value.type]
    if value.at.startswith("/"):
        if wrong := body_member(value.at, frozenset({wanted})):
            yield f"has a wrong place for `{name}`: {wrong}", "name a member of that type"
    elif value.at not in parameters:
        yield f"has `{name}` at `{value.at}`, which is no parameter", choose(value.at, parameters)
    elif parameters[value.at] != wanted:
        yield f"has `{name}` at `{value.at}`, which is of the type {parameters[value.at]}", f"name one that is {wanted}"
    if value.absent is not None and not fits(value.absent, value.type):
        yield f"has an `absent` for `{name}` that is no {value.type}", "write one of the same type"


def fits(value: object, kind: str) -> bool:
    """Say whether a value is of a type of expressions, and one that the engine keeps as it is."""
    if type(value) is not _PYTHON[kind]:
        return False
    return not isinstance(value, int) or -MOST <= value <= MOST
