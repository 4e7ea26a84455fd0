"""Payments to somebody new: held to an amount and to a login of its own, until a payment that succeeded is old enough.  SCA RTS art. 13; RFC 9470 §3."""

from decimal import Decimal
from hashlib import sha256

import msgspec
import structlog

from ringfence.clock import Instant
from ringfence.gateway.facts import account, amount, currency, units
from ringfence.gateway.login_demands import require_login
from ringfence.gateway.stages import Governed, Paid, Valid
from ringfence.policy.new_payee_model import NewPayee
from ringfence.policy.rules_model import Rule
from ringfence.problem import Reason, Refused
from ringfence.store.interface import Unavailable
from ringfence.store.payees import Payees
from ringfence.store.sums import Charge

_log = structlog.get_logger("ringfence.gateway")


class Acquaintance(msgspec.Struct, frozen=True):
    """What tells new payees from others, and what a refused login is told."""

    payees: Payees | None = None
    """None: nobody can be told to be known, and calls with such a rule are refused."""
    challenge: str = ""
    """The `WWW-Authenticate` value without an error."""


STRANGERS = Acquaintance()


def payee_of(rules: tuple[Rule, ...], valid: Valid, known: Acquaintance, now: Instant) -> Paid | None:
    """Return whom a call pays, as far as rules ask for it; None where they do not, or where the call does not say.

    Raises:
        Unavailable: the known payees are gone.
    """
    asked = [rule.payee for rule in rules if rule.payee is not None]
    if not asked:
        return None
    if known.payees is None:
        raise Unavailable("payees: this gateway knows none")
    identified = valid.limited.authorized.identified
    token = identified.token
    try:
        paid = account(valid, identified.located.operation.demands.facts.creditor)
    except Refused:
        return None  # the rule itself refuses, or in shadow tells
    payer = f"user {token.user_id}" if token.user_id else f"client {token.client_id}"
    return Paid(payer, paid, known.payees.since(payer, paid, now), max(new.keep_seconds for new in asked))


def require_acquainted(rule: Rule, valid: Valid, paid: Paid | None, known: Acquaintance, now: Instant) -> Charge | None:
    """Return what a payment to somebody new adds to the sum that it is held to; None where it adds nothing.

    Raises:
        Refused: FACT_MISSING, AUTHENTICATION_INSUFFICIENT, PAYEE_NEW or AMOUNT_OUT_OF_BOUNDS.
    """
    new = rule.payee
    if new is None:
        return None
    identified = valid.limited.authorized.identified
    facts = identified.located.operation.demands.facts
    if paid is None:
        account(valid, facts.creditor)
        raise Refused(Reason.PAYEE_NEW, "whom the call pays cannot be told")
    if paid.since is not None and now - paid.since >= new.known_after_seconds:
        return None
    if new.acr or new.max_age_seconds is not None:
        require_login(identified.token, new.acr, new.max_age_seconds, known.challenge, now)
    if new.at_most is None:
        return None
    code, found = currency(valid, facts.currency), amount(valid, facts.amount)
    if code not in new.at_most:
        raise Refused(Reason.PAYEE_NEW, f"the first payments to somebody are in {', '.join(sorted(new.at_most))}")
    name = msgspec.json.encode(["payee", rule.name, code, paid.payer, paid.account])
    return Charge(
        key=sha256(name).digest(),
        amount=units(found, code),
        most=units(Decimal(new.at_most[code]), code),
        slot=0,
        since=0,
        expires_at=Instant(now + new.keep_seconds),
        binding=rule.mode == "enforce",
    )


def payee_exceeded(new: NewPayee, code: str) -> Refused:
    """Return the refusal of a payment that is too much for somebody new."""
    most = (new.at_most or {}).get(code, "0")
    hours = new.known_after_seconds / 3600
    detail = f"at most {most} {code} altogether, until the first payment to this payee is {hours:g} h old"
    return Refused(Reason.PAYEE_NEW, detail)


def standing(governed: Governed | None) -> str:
    """Return how an event tells of the payee."""
    if governed is None or governed.paid is None:
        return ""
    return "new" if governed.paid.since is None else "known"


async def remember(governed: Governed | None, status: int, payees: Payees | None, now: Instant) -> None:
    """Keep the payee of a payment that the API has answered with success; what cannot be kept leaves it new."""
    paid = None if governed is None else governed.paid
    if paid is None or payees is None or not 200 <= status < 300:  # noqa: PLR2004 - RFC 9110 §15.3
        return
    try:
        await payees.paid(paid.payer, paid.account, now, Instant(now + paid.keep_seconds))
    except Unavailable as why:
        _log.error("a payee stays new though it was paid", why=str(why))
