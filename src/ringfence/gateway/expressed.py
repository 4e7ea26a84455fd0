"""Hold a call against an expression of the policy. What a caller writes is only ever a value in it, never a part of it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import structlog

from ringfence.clock import Instant
from ringfence.gateway.facts import account, amount, country, currency, fact, units
from ringfence.gateway.ports import Countries
from ringfence.gateway.stages import Identified, Valid
from ringfence.policy.expression_checks import fits
from ringfence.policy.expression_model import Expression
from ringfence.policy.expressions import MOST, compiled_once
from ringfence.policy.zones import zone
from ringfence.problem import Fault, Reason, Refused

_log = structlog.get_logger("ringfence.gateway")

LONGEST_TEXT: Final = 4096
"""Characters of a text that an expression looks at; a call with a longer one there is refused."""

NEVER: Final = 1 << 62
"""The age of a login that the token does not tell, in seconds."""

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Untold(Exception):
    """The call does not tell something; the expression may not need it."""


def require_expression(expression: Expression, valid: Valid, countries: Countries, now: Instant) -> Valid:
    """Return the call if the expression comes out true.

    What a call does not tell is unknown, as CEL has it: `a || b` is true if either is, whatever the other; in the end
    unknown is not true.

    Raises:
        Refused: FACT_MISSING where it hangs on what the call leaves out, else RULE_NOT_MET.
    """
    compiled = compiled_once(expression.must)
    told: dict[str, Any] = {}
    faults: list[Fault] = []
    for name in compiled.names:
        try:
            told[name] = _told(name, expression, valid, countries, now)
        except Untold:
            continue
        except Refused as why:
            faults += why.faults
    try:
        met = compiled.program.execute(told)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as why:  # noqa: BLE001 - the engine is native: whatever it raises, the call is not let through
        if faults:
            raise Refused(Reason.FACT_MISSING, faults=tuple(faults)) from None
        _log.debug("expression without a result", why=type(why).__name__)
        met = None
    if met is not True:
        raise Refused(Reason.RULE_NOT_MET, expression.say)
    return valid


def _told(name: str, expression: Expression, valid: Valid, countries: Countries, now: Instant) -> Any:
    """Return what a name stands for in this call.  Raises Untold or Refused."""
    value = expression.values.get(name)
    if value is None:
        return _known(name, expression, valid, countries, now)
    found = fact(valid, value.at)
    if found is None and value.absent is not None:
        return value.absent
    if not fits(found, value.type) or (isinstance(found, str) and len(found) > LONGEST_TEXT):
        raise Refused(Reason.FACT_MISSING, faults=(Fault(value.at, f"write it as {value.type}"),))
    return found


def _known(name: str, expression: Expression, valid: Valid, countries: Countries, now: Instant) -> Any:
    identified = valid.limited.authorized.identified
    if name in FACTS:
        return FACTS[name](valid)
    if name in _CALLER:
        return _CALLER[name](identified)
    if name == "caller_country":
        return _certain(countries.of(identified.located.request.peer.address))
    if name == "login_age":
        since = identified.token.auth_time
        return NEVER if since is None else max(0, int(now - since))
    return _CLOCK[name](datetime.fromtimestamp(now, zone(expression.zone)))


def _amount_minor(valid: Valid) -> int:
    facts = valid.limited.authorized.identified.located.operation.demands.facts
    found = units(amount(valid, facts.amount), currency(valid, facts.currency))
    if found > MOST:
        raise Refused(Reason.FACT_MISSING, faults=(Fault(facts.amount, "write a smaller amount"),))
    return found


def _place(read: Callable[[Valid, str], str], name: str) -> Callable[[Valid], str]:
    """Return what reads a fact as a text that is short enough."""

    def of(valid: Valid) -> str:
        place = getattr(valid.limited.authorized.identified.located.operation.demands.facts, name)
        found = read(valid, place)
        if len(found) > LONGEST_TEXT:
            raise Refused(Reason.FACT_MISSING, faults=(Fault(place, "write a shorter text"),))
        return _certain(found)

    return of


_CALLER: Final[dict[str, Callable[[Identified], Any]]] = {
    "client": lambda call: call.token.client_id,
    "user": lambda call: call.token.user_id,
    "consent": lambda call: call.token.consent_id or call.token.grant_id,
    "operation": lambda call: call.located.operation.operation_id,
    "scopes": lambda call: sorted(call.token.scopes),
    "actors": lambda call: list(call.token.actors),
    "acr": lambda call: call.token.acr,
}
_CLOCK: Final[dict[str, Callable[[datetime], Any]]] = {
    "hour": lambda local: local.hour,
    "minute": lambda local: local.minute,
    "weekday": lambda local: DAYS[local.weekday()],
    "date": lambda local: f"{local:%Y-%m-%d}",
}
FACTS: Final[dict[str, Callable[[Valid], Any]]] = {
    "amount_minor": _amount_minor,
    "currency": _place(currency, "currency"),
    "debtor": _place(account, "debtor"),
    "creditor": _place(account, "creditor"),
    "debtor_country": _place(country, "debtor_country"),
    "creditor_country": _place(country, "creditor_country"),
}


def _certain(text: str) -> str:
    if not text:
        raise Untold
    return text
