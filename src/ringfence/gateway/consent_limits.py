"""Limits that the customer's consent names itself: each amount, sums, calls, and from when until when.  RFC 9396 §9.1."""

import math
import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

import msgspec

from ringfence.clock import Instant
from ringfence.gateway.facts import amount, currency, units
from ringfence.gateway.linked import exact_amount, member
from ringfence.gateway.stages import Valid
from ringfence.gateway.windows import Span, span
from ringfence.policy.consent_limits_model import ConsentLimits
from ringfence.policy.rules_model import Rule, Window
from ringfence.policy.zones import zone
from ringfence.problem import Reason, Refused
from ringfence.store.sums import Charge

LIFE_SECONDS: Final = 86_400 * 366 * 10
"""How long after its last call a consent's sum over its whole life is kept."""

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)
"""RFC 3339 §5.6: a moment without an offset is none."""


def require_within_consent(limits: ConsentLimits, valid: Valid, now: Instant) -> Valid:
    """Return the call if it is within what the consent says of single calls and of time.

    Raises:
        Refused: CONSENT_EXCEEDED, CONSENT_OUT_OF_TIME or FACT_MISSING.
    """
    detail = _detail(limits, valid)
    if limits.begins and now < _moment(limits, detail, "begins"):
        raise Refused(Reason.CONSENT_OUT_OF_TIME, "the consent does not hold yet")
    if limits.ends and now >= _moment(limits, detail, "ends"):
        raise Refused(Reason.CONSENT_OUT_OF_TIME, "the consent does not hold any more; ask the customer for another")
    facts = valid.limited.authorized.identified.located.operation.demands.facts
    if limits.currency and currency(valid, facts.currency) != member(detail, limits.currency):
        raise Refused(Reason.CONSENT_EXCEEDED, "pay in the currency that the customer allowed")
    if limits.each and amount(valid, facts.amount) > _money(limits, detail, "each"):
        raise Refused(Reason.CONSENT_EXCEEDED, "pay no more at once than the customer allowed")
    return valid


def consent_charges(rule: Rule, valid: Valid, now: Instant) -> tuple[Charge, ...]:
    """Return what a call adds to the sums of its consent.

    The sums hang on the consent, whatever the token says of it otherwise: a token that asks for less begins no new one.

    Raises:
        Refused: CONSENT_EXCEEDED, AMOUNT_OUT_OF_BOUNDS or FACT_MISSING.
    """
    limits = rule.consent
    if limits is None or not (limits.total or limits.calls):
        return ()
    detail, charges = _detail(limits, valid), []
    if limits.total:
        facts = valid.limited.authorized.identified.located.operation.demands.facts
        code = currency(valid, facts.currency)
        most = units(_money(limits, detail, "total"), code)
        charges.append(_charge(rule, limits, valid, now, code, units(amount(valid, facts.amount), code), most))
    if limits.calls:
        charges.append(_charge(rule, limits, valid, now, "", 1, _number(limits, detail)))
    return tuple(charges)


def consent_exceeded(limits: ConsentLimits, frees: int, now: Instant) -> Refused:
    """Return the refusal of a call that its consent has no room for; the sum is the partner's and the customer's own.

    Args:
        limits: of the rule.
        frees: the slot after which there is room; -1: never.
        now: the time.
    """
    if frees < 0 or limits.period == "consent":
        return Refused(Reason.CONSENT_EXCEEDED, "the customer allowed no more than this; ask for another consent")
    seconds = _span(limits, now).seconds_until_free(frees, now)
    detail = f"the customer allowed no more than this in a {limits.period}; try again in {seconds} s"
    return Refused(Reason.CONSENT_EXCEEDED, detail, headers=(("retry-after", str(seconds)),))


def _charge(rule: Rule, limits: ConsentLimits, valid: Valid, now: Instant, code: str, adds: int, most: int) -> Charge:
    stands = _span(limits, now)
    name = ["consent", rule.name, limits.period, limits.zone, code, _consent(valid)]
    return Charge(
        key=sha256(msgspec.json.encode(name)).digest(),
        amount=adds,
        most=most,
        slot=stands.slot,
        since=stands.since,
        expires_at=stands.expires_at,
        binding=rule.mode == "enforce",
    )


def _span(limits: ConsentLimits, now: Instant) -> Span:
    if limits.period == "consent":
        return Span(0, 0, Instant(now + LIFE_SECONDS))
    return span(Window(per=("consent",), window=limits.period, zone=limits.zone), now)


def _consent(valid: Valid) -> str:
    token = valid.limited.authorized.identified.token
    found = token.grant_id or token.consent_id  # a token that asks for less may leave the payment, and its id, out
    if not found:
        raise Refused(Reason.CONSENT_EXCEEDED, "there is no consent of a customer behind this token")
    return found


def _detail(limits: ConsentLimits, valid: Valid) -> dict[str, Any]:
    """Return the one object of the type that the consent holds: of two, nobody could say which one counts."""
    _consent(valid)
    token = valid.limited.authorized.identified.token
    found = [detail for detail in token.authorization_details if detail.get("type") == limits.type]
    if len(found) != 1:
        raise Refused(Reason.CONSENT_EXCEEDED, f"the consent holds {len(found)} objects of type {limits.type}, not one")
    return found[0]


def _money(limits: ConsentLimits, detail: dict[str, Any], name: str) -> Decimal:
    found = exact_amount(member(detail, getattr(limits, name)))
    if found is None:
        raise _unreadable(limits, name)
    return found


def _number(limits: ConsentLimits, detail: dict[str, Any]) -> int:
    found = member(detail, limits.calls)
    if type(found) is not int or found < 0:
        raise _unreadable(limits, "calls")
    return found


def _moment(limits: ConsentLimits, detail: dict[str, Any], name: str) -> Instant:
    text = member(detail, getattr(limits, name))
    try:
        if isinstance(text, str) and _DAY.fullmatch(text):
            day = date.fromisoformat(text)
            if name == "ends" and day == date.max:
                return Instant(math.inf)
            day += timedelta(days=1 if name == "ends" else 0)
            return Instant(datetime(day.year, day.month, day.day, tzinfo=zone(limits.zone)).timestamp())
        if isinstance(text, str) and _MOMENT.fullmatch(text):
            return Instant(datetime.fromisoformat(text.upper()).timestamp())
    except (ValueError, OverflowError):
        pass
    raise _unreadable(limits, name)


def _unreadable(limits: ConsentLimits, name: str) -> Refused:
    return Refused(Reason.CONSENT_EXCEEDED, f"the consent names no {getattr(limits, name)} that could be held to")
