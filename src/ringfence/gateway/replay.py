"""Decide recorded calls again by another policy, with the chain's own steps, and count what would change.

An event tells the operation, the token's scopes, binding and login, and the size of the body. What it does not
tell, `CANNOT_KNOW` names: nothing is said about it. Limits run in the time of the events, from empty buckets.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec

from ringfence.clock import Instant
from ringfence.events.calls import CallDecided
from ringfence.gateway.assess import assess
from ringfence.gateway.authorize import authorize
from ringfence.gateway.limit import limit
from ringfence.gateway.stages import Identified, Located, Weighed
from ringfence.ids import CorrelationId
from ringfence.message import Peer, Request, TraceContext
from ringfence.policy.diff import Called, by_call, called
from ringfence.policy.operations import Operation, OperationTable
from ringfence.policy.templates import InvalidTemplate
from ringfence.problem import Reason, Refused
from ringfence.proofs.access_token import AccessToken
from ringfence.proofs.dpop import Proof
from ringfence.store.admitting import charge
from ringfence.store.interface import Admission, Admitted, Lease

CANNOT_KNOW: Final = (
    "bodies, parameters and headers: whether they fit their schemas, and what screening finds in them",
    "amounts, payees and identifiers: payments, objects, step-up by amount, and rules about money and people",
    "what policies in Cedar say of a call",
    "signatures and nonces, and how many calls were in flight at once",
    "what partners would do after a refusal, and what revocation, blocks and proofs used twice depend on",
)
"""What no event tells."""

_LOCATED: Final = frozenset(
    reason.value for reason in (Reason.UNKNOWN_PATH, Reason.NOT_EXPOSED, Reason.METHOD_NOT_ALLOWED)
)
_AUTHORIZED: Final = frozenset(
    reason.value
    for reason in (
        Reason.SCOPE_MISSING,
        Reason.USER_REQUIRED,
        Reason.SCHEME_MISMATCH,
        Reason.AUTHENTICATION_INSUFFICIENT,
        Reason.RATE_LIMITED,
        Reason.QUOTA_EXCEEDED,
    )
)
"""Reasons that a replay decides again, by the path alone and by the token; a call refused for another stays refused."""
_UNCHARGED: Final = frozenset(
    reason.value
    for reason in (Reason.NETWORK_BLOCKED, Reason.TOKEN_REVOKED, Reason.PROOF_REPLAYED, Reason.CALLS_IN_FLIGHT)
)
"""Refused where limits are, but before any bucket is charged."""

_PARAMETER: Final = re.compile(r"\{[^{}]+\}")


class Change(msgspec.Struct, frozen=True):
    """Calls of one client that would go otherwise."""

    kind: str
    """`refused`: they passed; `further`: they were refused for this reason and would not be any more."""
    client: str
    """Empty where no token had been verified."""
    operation: str
    reason: str
    calls: int
    example: str
    """Correlation of the first."""


class Replayed(msgspec.Struct, frozen=True):
    """What a replay found."""

    calls: int
    changes: tuple[Change, ...]
    """The most calls first."""
    unseen: tuple[tuple[str, tuple[str, ...], int], ...]
    """Operation, demands of it that events do not tell of, and how many calls that would pass otherwise."""
    untold: int
    """Calls whose event was written before events told scopes and binding: only their operation was looked at."""
    cannot_know: tuple[str, ...] = CANNOT_KNOW


class Replay:
    """Takes events in order."""

    def __init__(self, table: OperationTable) -> None:
        """Decide by the operations of a policy."""
        self._table = table
        self._operations: dict[Called, Operation] = by_call(table)
        self._hidden = {called(*one) for one in table.hidden}
        self._buckets = _Buckets()
        self._changes: Counter[tuple[str, str, str, str]] = Counter()
        self._examples: dict[tuple[str, str, str, str], str] = {}
        self._unseen: Counter[tuple[str, tuple[str, ...]]] = Counter()
        self._calls = 0
        self._untold = 0

    async def feed(self, event: CallDecided) -> None:
        """Decide one call again."""
        self._calls += 1
        operation: Operation | None = None
        again = _LOCATED
        try:
            operation = self._operation(event)
            if await self._decide(event, operation):
                again = _LOCATED | _AUTHORIZED
            reason = ""
        except Refused as refused:
            reason = refused.reason.value
        name = operation.operation_id if operation else event.operation or f"{event.method} {event.path}"
        if event.allowed and reason:
            self._note(("refused", event.client, name, reason), event)
        elif not event.allowed and not reason and event.reason in again:
            self._note(("further", event.client, name, event.reason), event)
        if operation is not None and event.allowed and not reason and (unseen := _unseen(operation)):
            self._unseen[name, unseen] += 1

    def result(self) -> Replayed:
        """Return what was found so far."""
        changes = (Change(*key, calls, self._examples[key]) for key, calls in self._changes.most_common())
        unseen = ((name, demands, calls) for (name, demands), calls in self._unseen.most_common())
        return Replayed(self._calls, tuple(changes), tuple(unseen), self._untold)

    def _note(self, key: tuple[str, str, str, str], event: CallDecided) -> None:
        self._changes[key] += 1
        self._examples.setdefault(key, event.correlation)

    def _operation(self, event: CallDecided) -> Operation:
        """Return the operation: by the template that the event tells, or by the path that matched none.  Raises Refused."""
        if not event.operation:
            return self._table.match(event.method, event.path).operation
        try:
            key = called(event.method, event.path)
        except InvalidTemplate:
            raise Refused(Reason.UNKNOWN_PATH) from None
        if key in self._operations:
            return self._operations[key]
        if key in self._hidden:
            raise Refused(Reason.NOT_EXPOSED)
        return self._table.match(event.method, _PARAMETER.sub("x", event.path)).operation

    async def _decide(self, event: CallDecided, operation: Operation) -> bool:
        """Take the steps that an event tells enough for; say whether the token was looked at.  Raises Refused."""
        if not event.client:
            return False  # it got no further than its token
        if not event.binding:
            self._untold += 1
            return False
        authorized = authorize(_identified(event, operation), "", event.at)
        assessed = assess(Weighed(authorized.identified, event.risk, event.risk_reasons), "", event.at)
        if event.reason in _UNCHARGED:
            return True
        await limit(assessed, self._buckets, event.at)
        if event.request_bytes > operation.demands.max_body_bytes:
            raise Refused(Reason.BODY_TOO_LARGE)
        return True


class _Buckets:
    """The limits' buckets, in memory."""

    def __init__(self) -> None:
        self._rows: dict[bytes, bytes] = {}

    async def admit(self, asked: Admission, now: Instant) -> Admitted:
        answer, updates = charge(msgspec.structs.replace(asked, leases=()), self._rows.get, now)
        self._rows.update(updates)
        return answer

    async def release(self, leases: Sequence[Lease], until: Instant | None = None) -> None:
        """Nothing is in flight: an event is written when its call has ended."""

    async def blemish(self, buckets: Sequence[bytes]) -> None:
        """Nobody loses trust: events do not tell enough of what was refused."""


def _identified(event: CallDecided, operation: Operation) -> Identified:
    """Return the stage that the call had reached, as far as its event tells it."""
    request = Request(
        method=event.method,
        scheme="https",
        authority="",
        path=event.path,
        query="",
        headers=(),
        body=b"",
        peer=Peer(event.network),
        correlation=CorrelationId(event.correlation),
        trace=TraceContext(event.trace, "", sampled=False),
    )
    bound = event.binding == "mtls"
    token = AccessToken(
        token_hash="",
        jti=event.client,  # tokens without a grant are told apart no further than by their client
        client_id=event.client,
        subject=event.user or event.client,
        user_id=event.user,
        scopes=frozenset(event.scopes),
        grant_id=event.grant,
        # who got as far as a payment's limits had the customer's consent: events name its grant
        consent_id=event.grant if operation.demands.link is not None else "",
        issued_at=event.at,
        expires_at=event.at,
        not_before=event.at,
        jkt="" if bound else "told",
        x5t_s256="told" if bound else "",
        auth_time=None if event.login_age < 0 else Instant(event.at - event.login_age),
        acr=event.acr,
    )
    proof = None if bound else Proof(jkt="told", jti="", issued_at=event.at, replay_key=b"", replay_until=event.at)
    return Identified(Located(request, operation, {}, ""), token, proof)


def _unseen(operation: Operation) -> tuple[str, ...]:
    """Return the demands of an operation that events do not tell of."""
    demands, minimised = operation.demands, operation.minimised
    asked = {
        "nonce": demands.nonce_required,
        "signature": demands.signature_required,
        "body_signature": demands.body_signature != "off",
        "payload_encryption": demands.payload is not None or operation.seals,
        "step_up": bool(demands.step_up),
        "link": demands.link is not None,
        "objects": bool(demands.objects),
        "rules": any(rule.mode == "enforce" for rule in demands.rules),
        "idempotency": demands.idempotency is not None,
        "minimise": minimised is not None and minimised.rule.required == "refuse",
    }
    return tuple(name for name, wanted in asked.items() if wanted)
