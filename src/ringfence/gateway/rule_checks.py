"""Rules that one call alone decides: its amount, its currency, the hour, the countries."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from ringfence.clock import Instant
from ringfence.gateway.consent_limits import require_within_consent
from ringfence.gateway.expressed import DAYS, require_expression
from ringfence.gateway.facts import amount, country, currency, units
from ringfence.gateway.ports import Countries
from ringfence.gateway.stages import Valid
from ringfence.policy.rules_model import Corridor, Hours, Rule
from ringfence.policy.zones import zone
from ringfence.problem import Reason, Refused

_ANY: Final = "*"


def require_rule(rule: Rule, valid: Valid, countries: Countries, now: Instant) -> Valid:
    """Return the call if the rule lets it through, as far as that can be told from the call.

    Raises:
        Refused: AMOUNT_OUT_OF_BOUNDS, CURRENCY_NOT_TAKEN, OUTSIDE_HOURS, CORRIDOR_CLOSED, RULE_NOT_MET,
            CONSENT_EXCEEDED, CONSENT_OUT_OF_TIME or FACT_MISSING.
    """
    facts = valid.limited.authorized.identified.located.operation.demands.facts
    if rule.amount is not None:
        _amount(rule, valid)
    if rule.currencies is not None:
        require_currency(currency(valid, facts.currency), rule.currencies)
    if rule.pairs is not None:
        _pair(rule.pairs, currency(valid, facts.debtor_currency), currency(valid, facts.currency))
    if rule.hours is not None and not _open(rule.hours, now):
        hours = rule.hours
        raise Refused(
            Reason.OUTSIDE_HOURS,
            f"call on {', '.join(hours.days)} from {hours.begin} to {hours.end}, {hours.zone}{_but(hours)}",
        )
    if rule.corridor is not None:
        _corridor(rule.corridor, valid, countries)
    if rule.consent is not None:
        require_within_consent(rule.consent, valid, now)
    if rule.expression is not None:
        require_expression(rule.expression, valid, countries, now)
    return valid


def require_currency(found: str, taken: tuple[str, ...]) -> str:
    """Return the currency.  Raises Refused CURRENCY_NOT_TAKEN."""
    if found not in taken:
        raise Refused(Reason.CURRENCY_NOT_TAKEN, f"pay in {', '.join(sorted(taken))}")
    return found


def _amount(rule: Rule, valid: Valid) -> None:
    bounds_of = rule.amount or {}
    facts = valid.limited.authorized.identified.located.operation.demands.facts
    found = amount(valid, facts.amount)
    code = require_currency(currency(valid, facts.currency), tuple(bounds_of))
    units(found, code)
    bounds = bounds_of[code]
    if not Decimal(bounds.at_least) <= found <= Decimal(bounds.at_most):
        raise Refused(
            Reason.AMOUNT_OUT_OF_BOUNDS,
            f"one payment is from {bounds.at_least} to {bounds.at_most} {code}",
        )


def _open(hours: Hours, now: Instant) -> bool:
    """Say whether calls are taken; hours that end before they begin belong to the day on which they begin."""
    local = datetime.fromtimestamp(now, zone(hours.zone))
    clock = local.strftime("%H:%M")
    if hours.begin < hours.end:
        return hours.begin <= clock < hours.end and _day(hours, local.date())
    yesterday = local.date() - timedelta(days=1)
    return (clock >= hours.begin and _day(hours, local.date())) or (clock < hours.end and _day(hours, yesterday))


def _but(hours: Hours) -> str:
    return ", bank holidays aside" if hours.closed_on else ""


def _day(hours: Hours, day: date) -> bool:
    return DAYS[day.weekday()] in hours.days and day.isoformat() not in hours.closed_on


def _pair(allowed: tuple[str, ...], begin: str, end: str) -> None:
    open_ones = {f"{begin}>{end}", f"{begin}>{_ANY}", f"{_ANY}>{end}", f"{_ANY}>{_ANY}"}
    if open_ones.isdisjoint(allowed):
        raise Refused(Reason.CURRENCY_NOT_TAKEN, f"open are {', '.join(allowed)}")


def _corridor(corridor: Corridor, valid: Valid, countries: Countries) -> None:
    identified = valid.limited.authorized.identified
    facts = identified.located.operation.demands.facts
    if corridor.begin == "caller":
        begin = countries.of(identified.located.request.peer.address)
    else:
        begin = country(valid, facts.debtor_country)
    end = _ANY if corridor.end == "anywhere" else country(valid, facts.creditor_country)
    if not begin or not end:
        if corridor.unknown == "pass":
            return
        raise Refused(Reason.CORRIDOR_CLOSED, "a country could not be told; name both in the call")
    open_ones = {f"{begin}>{end}", f"{begin}>{_ANY}", f"{_ANY}>{end}", f"{_ANY}>{_ANY}"}
    if open_ones.isdisjoint(corridor.allowed):
        raise Refused(Reason.CORRIDOR_CLOSED, f"open are {', '.join(corridor.allowed)}")
