"""Hold rules about a consent's own limits against the types of consents, at start.  RFC 9396 §2."""

from collections.abc import Iterator, Mapping
from typing import Final

from ringfence.policy.consent_limits_model import LIMITS, ConsentLimits
from ringfence.policy.faults import Faults
from ringfence.policy.members import described, kinds
from ringfence.policy.mistakes import choose
from ringfence.policy.model import Demands, DetailType
from ringfence.policy.references import References
from ringfence.policy.rules_model import Facts
from ringfence.policy.zones import zone

Wrong = tuple[str, str, str]
"""The member of the demands, what is wrong, and what to write instead."""

_TEXT: Final = frozenset({"string"})
_TYPES: Final = {
    "currency": _TEXT,
    "each": _TEXT | {"integer", "number"},
    "total": _TEXT | {"integer", "number"},
    "calls": frozenset({"integer"}),
    "begins": _TEXT,
    "ends": _TEXT,
}


def consent_limit_mistakes(demands: Demands, types: Mapping[str, DetailType]) -> Iterator[Wrong]:
    """Yield what is wrong with the rules that look into the consent."""
    for rule in demands.rules or ():
        if rule.consent is not None:
            for wrong, instead in _wrong(rule.consent, demands.facts or Facts(), types):
                yield "rules", f"the rule `{rule.name}` {wrong}", instead


def _wrong(limits: ConsentLimits, facts: Facts, types: Mapping[str, DetailType]) -> Iterator[tuple[str, str]]:
    try:
        zone(limits.zone)
    except ValueError:
        yield f"names the time zone `{limits.zone}`, which is not known", "write `Europe/London`"
    named = [name for name in LIMITS if getattr(limits, name)]
    if not named:
        yield "names no limit", f"write one of {', '.join(f'`{name}`' for name in LIMITS)}"
    if (limits.each or limits.total) and not limits.currency:
        yield "limits money without its currency", "write `currency` with its place in the consent"
    needed = (["amount"] if limits.each or limits.total else []) + (["currency"] if limits.currency else [])
    for need in needed:
        if not getattr(facts, need):
            yield f"needs the fact `{need}`", f"write `{need}` under `facts`, with its place in the call"
    yield from _places(limits, named, types)


def _places(limits: ConsentLimits, named: list[str], types: Mapping[str, DetailType]) -> Iterator[tuple[str, str]]:
    kind = types.get(limits.type)
    if kind is None:
        instead = choose(limits.type, types) or "add it under `oauth.authorization_details`"
        yield f"names the type `{limits.type}`, which is not under `oauth.authorization_details`", instead
        return
    if not isinstance(kind.schema, dict):
        return  # told where its file is read
    for name in named:
        found = described(kind.schema, getattr(limits, name), References(kind.schema, Faults()))
        taken = _TYPES[name]
        if not found:
            yield f"has `{name}` at `{getattr(limits, name)}`, which `{limits.type}` does not declare", "name a member"
        elif not kinds(found) & taken:
            yield f"has `{name}` at a member that is not of type {' or '.join(sorted(taken))}", "name another member"
