"""Ask the policies in Cedar about a call: it goes on if one permits it, none forbids it, and none fails.

What a caller writes is only ever a value in the question, never a part of a policy.
"""

import re
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import Any, Final

from ringfence.clock import Instant
from ringfence.gateway.expressed import FACTS, Untold
from ringfence.gateway.facts import currency
from ringfence.gateway.ports import Countries
from ringfence.gateway.stages import Constrained, Identified, Permitted, Valid
from ringfence.policy.cedar import Cedar
from ringfence.policy.cedar_schema import action, context
from ringfence.problem import Reason, Refused

_FAILED: Final = re.compile("^error while evaluating policy `([a-z0-9]+)`")


class Denied(Refused):
    """No policy permits the call, or one forbids it, or one failed."""

    def __init__(self, private: str, policies: tuple[str, ...] = ()) -> None:
        """Keep the ids of the policies that decided: for the event, and not for the caller."""
        super().__init__(Reason.POLICY_DENIED, private=private)
        self.policies = policies


def permit(constrained: Constrained, cedar: Cedar | None, countries: Countries, now: Instant) -> Permitted:
    """Return the call if the policies let it through; in shadow mode they only leave their names.

    Raises:
        Refused: POLICY_DENIED, or FACT_MISSING or AMOUNT_OUT_OF_BOUNDS where a policy uses a fact that cannot be read.
    """
    if cedar is None:
        return Permitted(constrained.screened)
    valid = constrained.screened.valid
    try:
        return Permitted(constrained.screened, _decided(cedar, _question(cedar, valid, countries, now)))
    except Refused as why:
        if not cedar.shadow:
            raise
        return Permitted(constrained.screened, determining(None, why), (f"Cedar={why.reason.value}",))


def determining(permitted: Permitted | None, refused: Refused | None) -> tuple[str, ...]:
    """Return the ids of the policies that decided a call, however it ended."""
    if isinstance(refused, Denied):
        return refused.policies
    return permitted.policies if permitted else ()


def _decided(cedar: Cedar, question: dict[str, Any]) -> tuple[str, ...]:
    """Return the policies that permit the call.  Raises Denied."""
    engine = cedar.engine
    try:
        answer = engine.is_authorized(question, cedar.policies, cedar.entities, cedar.schema)
        permitted, failed = answer.decision is engine.Decision.Allow, answer.diagnostics.errors
        policies = tuple(sorted(cedar.names[own] for own in answer.diagnostics.reasons))
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as why:  # noqa: BLE001 - the engine is native: whatever it raises, the call is not let through
        raise Denied(f"cedar failed: {type(why).__name__}") from None
    if failed:
        # Cedar goes on without a policy that fails; a forbid that fails would let through what it is there for.
        # Its messages have values of the call in them: only the policies' names are kept.
        broken = [cedar.names[own] for message in failed for own in _FAILED.findall(message) if own in cedar.names]
        raise Denied(f"cedar: {', '.join(broken) or 'the question'} failed", policies)
    if not permitted:
        raise Denied(f"cedar: {'forbidden by ' + ', '.join(policies) if policies else 'permitted by none'}", policies)
    return policies


def _question(cedar: Cedar, valid: Valid, countries: Countries, now: Instant) -> dict[str, Any]:
    """Return the call as Cedar is asked about it.  Raises Refused where a fact that a policy uses cannot be read."""
    identified = valid.limited.authorized.identified
    operation, token = identified.located.operation, identified.token
    told = {}
    for name in context(operation, cedar.used):
        try:
            found = _FACT[name](valid) if name in _FACT else _CALLER[name](identified, countries, now)
        except Untold:
            continue
        if found is not None:
            told[name] = found
    return {
        "principal": _user(token.user_id) if token.user_id else _client(token.client_id),
        "action": {"type": "Action", "id": action(operation)},
        "resource": {"type": "Api", "id": operation.upstream_name},
        "context": {name: {"__entity": one} if _is_entity(one) else one for name, one in told.items()},
    }


def _is_entity(found: Any) -> bool:
    return isinstance(found, dict) and "type" in found


def _client(name: str) -> dict[str, str]:
    return {"type": "Client", "id": name}


def _user(name: str) -> dict[str, str]:
    return {"type": "User", "id": name}


def _network(address: str) -> dict[str, Any] | None:
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    plain = (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
    return {"__extn": {"fn": "ip", "arg": str(plain)}}


def _login_age(call: Identified, now: Instant) -> int | None:
    since = call.token.auth_time
    return None if since is None else max(0, int(now - since))


def _account(name: str) -> Callable[[Valid], dict[str, str]]:
    return lambda valid: {"type": "Account", "id": FACTS[name](valid)}


def _debtor_currency(valid: Valid) -> str:
    return currency(valid, valid.limited.authorized.identified.located.operation.demands.facts.debtor_currency)


_CALLER: Final[dict[str, Callable[[Identified, Countries, Instant], Any]]] = {
    "client": lambda call, _, __: _client(call.token.client_id),
    "user": lambda call, _, __: _user(call.token.user_id) if call.token.user_id else None,
    "scopes": lambda call, _, __: sorted(call.token.scopes),
    "actors": lambda call, _, __: list(call.token.actors),
    "binding": lambda call, _, __: "mtls" if call.token.x5t_s256 else "dpop",
    "consent": lambda call, _, __: call.token.consent_id or call.token.grant_id or None,
    "acr": lambda call, _, __: call.token.acr or None,
    "login_age": lambda call, _, now: _login_age(call, now),
    "network": lambda call, _, __: _network(call.located.request.peer.address),
    "caller_country": lambda call, countries, _: countries.of(call.located.request.peer.address) or None,
}
_FACT: Final[dict[str, Callable[[Valid], Any]]] = {
    "amount_minor": FACTS["amount_minor"],
    "currency": FACTS["currency"],
    "debtor_currency": _debtor_currency,
    "debtor": _account("debtor"),
    "creditor": _account("creditor"),
    "debtor_country": FACTS["debtor_country"],
    "creditor_country": FACTS["creditor_country"],
}
