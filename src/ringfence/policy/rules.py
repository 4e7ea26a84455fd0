"""Hold the rules of operations against themselves and against what the operations declare, at start."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from ringfence.policy.currencies import minor_units
from ringfence.policy.mistakes import choose
from ringfence.policy.model import Demands
from ringfence.policy.rules_model import KINDS, Facts, Rule, Window
from ringfence.policy.yaml_source import Path
from ringfence.policy.zones import zone

Wrong = tuple[str, str, str]
"""The member of the demands, what is wrong, and what to write instead."""

_TEXT: Final = frozenset({"string"})
_AMOUNT: Final = frozenset({"string", "integer", "number"})


def fact_mistakes(
    facts: Facts | None, body_member: Callable[[str, frozenset[str]], str], parameters: Sequence[str]
) -> Iterator[Wrong]:
    """Yield what the operation does not declare.

    Args:
        facts: as the operation has them.
        body_member: returns what is wrong with a pointer into the body that has to be of one of these types, or `""`.
        parameters: the operation's, as `location.name`.
    """
    for name in Facts.__struct_fields__ if facts is not None else ():
        place = getattr(facts, name)
        if place.startswith("/"):
            if wrong := body_member(place, _AMOUNT if name == "amount" else _TEXT):
                yield "facts", wrong, f"name the member that has the {name.replace('_', ' ')}"
        elif place and place not in parameters:
            yield "facts", f"there is no parameter `{place}`", choose(place, parameters) or "name a declared parameter"


def rule_mistakes(demands: Demands, *, geo: bool) -> Iterator[Wrong]:
    """Yield rules that say nothing, too much, or need what the operation does not say."""
    facts, names = demands.facts or Facts(), set[str]()
    for rule in demands.rules or ():
        if rule.name in names:
            yield "rules", f"two rules have the name `{rule.name}`", "write another name"
        names.add(rule.name)
        said = [kind for kind in KINDS if getattr(rule, kind) is not None]
        if len(said) != 1:
            instead = f"write exactly one of {', '.join(f'`{kind}`' for kind in KINDS)}"
            yield "rules", f"the rule `{rule.name}` has {len(said)} of them", instead
            continue
        for need in needs(rule):
            if not getattr(facts, need):
                instead = f"write `{need}` under `facts`, with its place in the call"
                yield "rules", f"the rule `{rule.name}` needs the fact `{need}`", instead
        yield from _values(rule, geo=geo)


def needs(rule: Rule) -> Iterator[str]:
    """Yield the facts without which a rule cannot be decided."""
    if rule.amount is not None or rule.total is not None:
        yield from ("amount", "currency")
    if rule.currencies is not None:
        yield "currency"
    if rule.pairs is not None:
        yield from ("debtor_currency", "currency")
    window = window_of(rule)
    if window is not None:
        yield from (who for who in window.per if who in {"debtor", "creditor"})
    if rule.corridor is not None:
        yield from {rule.corridor.begin, rule.corridor.end} - {"caller", "anywhere"}


def window_of(rule: Rule) -> Window | None:
    """Return what a rule counts over, or None where it counts nothing."""
    return rule.total or rule.calls or rule.unattended


def _values(rule: Rule, *, geo: bool) -> Iterator[Wrong]:
    name = rule.name
    for text in [window.zone] if (window := window_of(rule)) else [rule.hours.zone] if rule.hours else []:
        try:
            zone(text)
        except ValueError:
            yield (
                "rules",
                f"the rule `{name}` names the time zone `{text}`, which is not known",
                "write `Europe/London`",
            )
    for currency, bounds in (rule.amount or {}).items():
        yield from _fine(name, currency, bounds.at_least, bounds.at_most)
        if Decimal(bounds.at_least) > Decimal(bounds.at_most):
            yield "rules", f"the rule `{name}` lets no {currency} through", "write an `at_most` above `at_least`"
    for currency, text in (rule.total.at_most if rule.total else {}).items():
        yield from _fine(name, currency, text)
    if rule.corridor is not None and rule.corridor.begin == "caller" and not geo:
        yield "rules", f"the rule `{name}` asks for the caller's country", "name a database under `geo`"
    for text in rule.hours.closed_on if rule.hours else ():
        try:
            date.fromisoformat(text)
        except ValueError:
            yield "rules", f"the rule `{name}` is closed on {text}, which is no day", "write a day of the calendar"
    if rule.hours is not None and rule.hours.begin == rule.hours.end:
        yield "rules", f"the rule `{name}` begins when it ends", "write an `end` after `begin`"


def _fine(name: str, currency: str, *amounts: str) -> Iterator[Wrong]:
    for text in amounts:
        if minor_units(Decimal(text), currency) is None:
            yield "rules", f"the rule `{name}` has {text} {currency}, which is finer than the currency", "round it"


def differing_rules(places: Iterable[tuple[Path, Sequence[Rule]]]) -> Iterator[tuple[Path, str]]:
    """Yield where a rule counts something else than one of the same name before it: they would share one sum."""
    seen: dict[str, Window] = {}
    for at, rules in places:
        for rule in rules:
            window = window_of(rule)
            if window is not None and seen.setdefault(rule.name, window) != window:
                yield at, rule.name
