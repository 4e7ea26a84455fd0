"""Hold rules about new payees against themselves and the operation's facts, at start."""

from collections.abc import Iterator
from decimal import Decimal

from ringfence.policy.currencies import minor_units
from ringfence.policy.model import Demands
from ringfence.policy.new_payee_model import NewPayee
from ringfence.policy.rules_model import Facts

Wrong = tuple[str, str, str]
"""The member of the demands, what is wrong, and what to write instead."""


def new_payee_mistakes(demands: Demands) -> Iterator[Wrong]:
    """Yield what is wrong with the rules about new payees."""
    for rule in demands.rules or ():
        if rule.payee is not None:
            for wrong, instead in _wrong(rule.payee, demands.facts or Facts()):
                yield "rules", f"the rule `{rule.name}` {wrong}", instead


def _wrong(new: NewPayee, facts: Facts) -> Iterator[tuple[str, str]]:
    if new.at_most is None and not new.acr and new.max_age_seconds is None:
        yield "demands nothing of a payment to somebody new", "write `at_most`, `acr` or `max_age_seconds`"
    if new.keep_seconds <= new.known_after_seconds:
        yield "forgets a payee before it is known", "write a `keep_seconds` above `known_after_seconds`"
    for need in ("creditor",) if new.at_most is None else ("creditor", "amount", "currency"):
        if not getattr(facts, need):
            yield f"needs the fact `{need}`", f"write `{need}` under `facts`, with its place in the call"
    for currency, text in (new.at_most or {}).items():
        if minor_units(Decimal(text), currency) is None:
            yield f"has {text} {currency}, which is finer than the currency", "round it"
