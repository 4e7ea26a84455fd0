"""Rules that count over time: money, calls, and reads without the customer.  SCA RTS art. 36(5)(b)."""

from decimal import Decimal
from hashlib import sha256
from ipaddress import ip_address
from typing import Final

import msgspec

from ringfence.clock import Instant
from ringfence.gateway.consent_limits import consent_charges, consent_exceeded
from ringfence.gateway.facts import account, amount, currency, units
from ringfence.gateway.new_payee import payee_exceeded
from ringfence.gateway.rule_checks import require_currency
from ringfence.gateway.stages import Valid
from ringfence.gateway.windows import Span, span
from ringfence.message import Request
from ringfence.policy.rules import window_of
from ringfence.policy.rules_model import Calls, Facts, Rule, Sharing, Total, Unattended, Window
from ringfence.problem import Reason, Refused
from ringfence.store.sums import Charge

_ITS_OWN: Final = frozenset({"client", "consent"})
"""What nobody but the caller adds to: when it will be free tells the caller nothing of others."""


def charges_of(rule: Rule, valid: Valid, now: Instant) -> tuple[Charge, ...]:
    """Return everything that a call adds to sums by a rule.  Raises Refused as `charge_of` and `consent_charges` do."""
    one = charge_of(rule, valid, now)
    return consent_charges(rule, valid, now) if one is None else (one,)


def charge_of(rule: Rule, valid: Valid, now: Instant) -> Charge | None:
    """Return what a call adds to a rule's sum; None where it adds nothing.

    Raises:
        Refused: CURRENCY_NOT_TAKEN, AMOUNT_OUT_OF_BOUNDS or FACT_MISSING.
    """
    window = window_of(rule)
    request = valid.limited.authorized.identified.located.request
    if window is None or (isinstance(window, Unattended) and _attended(request, window.header)):
        return None
    adds, most, code = 1, 0, ""
    if isinstance(window, Total):
        facts = _facts(valid)
        code = require_currency(currency(valid, facts.currency), tuple(window.at_most))
        adds = units(amount(valid, facts.amount), code)
        most = _most(window, code)
    else:
        most = _calls(window)
    stands = span(window, now, 0 if code else most)
    name = msgspec.json.encode([rule.name, code, [_identity(who, valid) for who in window.per]])
    return Charge(
        key=sha256(name).digest(),
        amount=adds,
        most=most,
        slot=stands.slot,
        since=stands.since,
        expires_at=stands.expires_at,
        binding=rule.mode == "enforce",
    )


def exceeded(rule: Rule, valid: Valid, frees: int, now: Instant) -> Refused:
    """Return the refusal of a call that a rule's sum has no room for.

    How much room is left is not told: others may have paid from the same account. When there will be room is told
    by the calendar, or where the sum is the caller's own.

    Args:
        rule: whose sum it is.
        valid: the call.
        frees: the slot after which there is room; -1: never.
        now: the time.
    """
    window = window_of(rule)
    if rule.consent is not None:
        return consent_exceeded(rule.consent, frees, now)
    if rule.payee is not None:
        return payee_exceeded(rule.payee, currency(valid, _facts(valid).currency))
    if window is None:
        raise ValueError(rule.name)
    shared = " and ".join(window.per)
    over = f"{window.window} ({window.zone})" if window.rolling_seconds is None else f"{window.rolling_seconds} s"
    headers: tuple[tuple[str, str], ...] = ()
    again = "a smaller amount may pass" if frees < 0 else "try again later"
    if frees >= 0 and (window.rolling_seconds is None or not _ITS_OWN.isdisjoint(window.per)):
        seconds = _span(window, now).seconds_until_free(frees, now)
        headers, again = (("retry-after", str(seconds)),), f"try again in {seconds} s"
    if isinstance(window, Total):
        code = currency(valid, _facts(valid).currency)
        detail = f"at most {window.at_most[code]} {code} for each {shared} in a {over}; {again}"
        return Refused(Reason.TOTAL_EXCEEDED, detail, headers=headers, status=0 if frees >= 0 else 403)
    most = _calls(window)
    if isinstance(window, Unattended):
        detail = f"{most} calls for each {shared} in a {over} without `{window.header}`; {again}"
        return Refused(Reason.CUSTOMER_ABSENT, detail, headers=headers)
    detail = f"{most} calls for each {shared} in a {over}; {again}"
    return Refused(Reason.CALLS_EXCEEDED, detail, headers=headers)


def _facts(valid: Valid) -> Facts:
    return valid.limited.authorized.identified.located.operation.demands.facts


def _most(total: Total, code: str) -> int:
    """Return how much a total lets through, in the currency's smallest unit."""
    return units(Decimal(total.at_most[code]), code)


def _calls(window: Window) -> int:
    return window.at_most if isinstance(window, Calls) else 0


def _span(window: Window, now: Instant) -> Span:
    return span(window, now, _calls(window))


def _attended(request: Request, header: str) -> bool:
    """Say whether the customer is there: the header holds one network address, and nothing else."""
    values = request.all_headers(header)
    try:
        return len(values) == 1 and bool(ip_address(values[0]))
    except ValueError:
        return False


def _identity(who: Sharing, valid: Valid) -> str:
    identified = valid.limited.authorized.identified
    token, operation = identified.token, identified.located.operation
    match who:
        case "client":
            return token.client_id
        case "user":
            return token.user_id or token.client_id
        case "consent":
            # The grant first: a token of the same grant may leave out the payment whose consent has an id.
            return token.grant_id or token.consent_id or token.client_id
        case "operation":
            return f"{operation.upstream_name}|{operation.operation_id}"
        case "debtor" | "creditor":
            return account(valid, getattr(operation.demands.facts, who))
