"""Hold a call against the rules about money and people, and add what it counts for: all of it, or none."""

import structlog

from ringfence.clock import Instant
from ringfence.gateway.new_payee import STRANGERS, Acquaintance, payee_of, require_acquainted
from ringfence.gateway.ports import Countries
from ringfence.gateway.rule_checks import require_rule
from ringfence.gateway.rule_counts import charges_of, exceeded
from ringfence.gateway.stages import Claimed, Governed
from ringfence.gateway.uncut import uncut
from ringfence.policy.rules_model import Rule
from ringfence.problem import Refused
from ringfence.store.interface import Unavailable
from ringfence.store.sums import Charge, Charged, Sums

_log = structlog.get_logger("ringfence.gateway")


async def govern(
    claimed: Claimed, sums: Sums | None, countries: Countries, now: Instant, known: Acquaintance = STRANGERS
) -> Governed:
    """Return the call if every rule lets it through; rules in shadow mode only leave their names.

    Raises:
        Refused: AMOUNT_OUT_OF_BOUNDS, CURRENCY_NOT_TAKEN, OUTSIDE_HOURS, CORRIDOR_CLOSED, RULE_NOT_MET, FACT_MISSING,
            CONSENT_EXCEEDED, CONSENT_OUT_OF_TIME, TOTAL_EXCEEDED, CALLS_EXCEEDED, CUSTOMER_ABSENT,
            PAYEE_NEW or AUTHENTICATION_INSUFFICIENT.
        Unavailable: the sums are gone, or the known payees.
    """
    valid = claimed.constrained.screened.valid
    rules = valid.limited.authorized.identified.located.operation.demands.rules
    if not rules:
        return Governed(claimed.constrained)
    paid = payee_of(rules, valid, known, now)
    shadowed: list[str] = []
    counted: list[tuple[Rule, Charge]] = []
    for rule in rules:
        try:
            require_rule(rule, valid, countries, now)
            added = charges_of(rule, valid, now)
            if (first := require_acquainted(rule, valid, paid, known, now)) is not None:
                added = (*added, first)
        except Refused as why:
            if rule.mode == "enforce":
                raise _named(rule, why) from None
            shadowed.append(_name(rule, why))
        else:
            counted += [(rule, charge) for charge in added]
    charges = tuple(charge for _, charge in counted)
    if not charges:
        return Governed(claimed.constrained, (), tuple(shadowed), paid)
    if sums is None:
        raise Unavailable("sums: this gateway has none")
    charged = await uncut(sums.add(charges), lambda done: sums.take_back(_added(charges, done)))
    if charged.refused >= 0:
        rule = counted[charged.refused][0]
        raise _named(rule, exceeded(rule, valid, charged.frees, now))
    shadowed += [_name(counted[i][0], exceeded(counted[i][0], valid, -1, now)) for i in charged.over]
    return Governed(claimed.constrained, _added(charges, charged), tuple(shadowed), paid)


def _added(charges: tuple[Charge, ...], charged: Charged) -> tuple[Charge, ...]:
    """Return the charges that were added."""
    return () if charged.refused >= 0 else tuple(one for i, one in enumerate(charges) if i not in charged.over)


async def take_back(governed: Governed, sums: Sums | None) -> None:
    """Take out what a call had added: nothing went out."""
    if sums is None or not governed.charges:
        return
    try:
        await sums.take_back(governed.charges)
    except Unavailable as why:
        _log.error("a sum stays though nothing was sent", why=str(why))


def _named(rule: Rule, why: Refused) -> Refused:
    """Return a refusal that says which rule it is."""
    detail = f"rule {rule.name}: {why.detail or 'see the errors'}"
    private = f"rule {rule.name}"
    return Refused(why.reason, detail, private=private, faults=why.faults, headers=why.headers, status=why.status)


def _name(rule: Rule, why: Refused) -> str:
    return f"{rule.name}={why.reason.value}"
