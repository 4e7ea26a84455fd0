"""Hold a policy that answers Envoy's `ext_authz` against what can be done without the API's answer.

What cannot be kept is refused at the load: a demand that is silently not met is worse than none.
"""

from collections.abc import Iterable, Iterator

from ringfence.policy.model import Policy
from ringfence.policy.operations import EffectiveDemands, Operation

Found = tuple[tuple[str | int, ...], str, str]
"""Where below the version, what is wrong, and what to write instead."""

_WHY = "cannot be kept where Envoy asks by ext_authz and forwards by itself"
_INSTEAD = "leave it out, or write `gateway: {ext_authz: off}` and let the gateway forward"


def ext_authz_mistakes(policy: Policy, operations: Iterable[Operation]) -> Iterator[Found]:
    """Yield what the operations of a version demand of an answer, or of what goes to the API, if `ext_authz` is on."""
    if policy.gateway.ext_authz == "off":
        return
    told: set[str] = set()
    for operation in operations:
        for member, what in _unmet(operation):
            if member not in told:
                told.add(member)
                yield (), f"{what} {_WHY}: `{operation.operation_id}`", _INSTEAD
    if policy.audit.receipts == "on":
        yield (), f"`audit.receipts: on` {_WHY}: a receipt is about an answer", _INSTEAD


def _unmet(operation: Operation) -> Iterator[tuple[str, str]]:
    demands = operation.demands
    if operation.response_rules.looks:
        yield "responses", "`responses`: anything but `pass` for status, member and type"
    if demands.response_signed:
        yield "response_signed", "a signed answer"
    if demands.idempotency is not None:
        yield "idempotency", "`idempotency`: the answer to be repeated is never seen, so it"
    if demands.link is not None:
        yield "link", "`link`: whether the payment was made is never known, so its consent"
    if any(rule.payee is not None for rule in demands.rules):
        yield "rules", "a rule about new payees: whether a payment succeeded is never known, so it"
    if any(limit.in_flight is not None for _, limit in demands.limits):
        yield "limits", "a limit of calls `in_flight`: when they end is never known, so it"
    if operation.protected:
        yield "protected", "a protected field: bodies go on as they came, so it"
    if operation.minimised is not None:
        yield "minimised", "`minimise`: answers are never seen, so it"
    yield from _bodies(demands)


def _bodies(demands: EffectiveDemands) -> Iterator[tuple[str, str]]:
    """Yield the demands under which the API gets another body than the one that came."""
    if demands.answer_sealed:
        yield "answer_sealed", "`payload_encryption.answer`: answers are never seen, so a sealed one"
    if demands.payload is not None:
        yield "payload_encryption", "a sealed body goes on as it came, so `payload_encryption`"
    if demands.payload_upstream:
        yield "upstream_body", "`upstream_body: payload`"
