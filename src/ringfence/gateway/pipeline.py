"""The chain of a call: every step takes the type that the step before it returns."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import structlog

from ringfence.clock import Instant, monotonic_seconds
from ringfence.events.calls import CallDecided
from ringfence.gateway.acceptance import Acceptance, acceptance
from ringfence.gateway.answer import let_go as let_body_go
from ringfence.gateway.attest import attest
from ringfence.gateway.authorize import authorize
from ringfence.gateway.conform import conform
from ringfence.gateway.constrain import constrain
from ringfence.gateway.forward import forward
from ringfence.gateway.govern import govern, take_back
from ringfence.gateway.idempotent import claim, keep, let_go, replayed
from ringfence.gateway.identify import identify
from ringfence.gateway.limit import limit
from ringfence.gateway.locate import locate
from ringfence.gateway.ports import BodyReader, NotSent, Ports, Settle
from ringfence.gateway.receipts import receipt_key, with_receipt
from ringfence.gateway.screen import screen
from ringfence.gateway.screening.pattern import Pattern
from ringfence.gateway.screening.pattern_set import OWN, PatternSet
from ringfence.gateway.sign_answer import sign_answer, signing_key
from ringfence.gateway.spend import noted, sent, spend
from ringfence.gateway.stages import Claimed, Governed, Identified, Located, Spent
from ringfence.gateway.token_memory import TokenMemory
from ringfence.gateway.validate import validate
from ringfence.gateway.verdict import refusal
from ringfence.message import Request, Response
from ringfence.policy.model import Policy
from ringfence.policy.operations import OperationTable
from ringfence.problem import Reason, Refused
from ringfence.store.interface import Unavailable

_log = structlog.get_logger("ringfence.gateway")

LONGEST_PATH_TOLD = 256
"""Characters of an unmatched path that an event keeps."""


class Ruleset(msgspec.Struct, frozen=True):
    """One policy, compiled: what a call is decided by. Replaced as a whole on reload."""

    table: OperationTable
    accepted: Acceptance
    memory: TokenMemory
    patterns: PatternSet
    receipts: bool = False
    """Every answer carries a receipt."""


def ruleset(policy: Policy, table: OperationTable, more: tuple[Pattern, ...] = ()) -> Ruleset:
    """Return the compiled form of a policy, with an empty token memory; `more` are the operator's own patterns."""
    return Ruleset(
        table,
        acceptance(policy),
        TokenMemory(policy.gateway.token_cache_entries),
        PatternSet((*OWN, *more)),
        policy.audit.receipts == "on",
    )


class _Trail:
    """How far a call got, for its event: the last stage before it ended."""

    __slots__ = (
        "body_bytes",
        "claimed",
        "differs",
        "found",
        "governed",
        "identified",
        "kid",
        "located",
        "sending",
        "signed_by",
        "stripped",
        "upstream_seconds",
    )

    def __init__(self) -> None:
        self.claimed: Claimed | None = None
        self.governed: Governed | None = None
        self.sending = False
        self.located: Located | None = None
        self.identified: Identified | None = None
        self.body_bytes = 0
        self.differs: tuple[str, ...] = ()
        self.signed_by = ""
        self.stripped: tuple[str, ...] = ()
        self.found: tuple[tuple[str, tuple[str, ...]], ...] = ()
        self.kid = ""
        self.upstream_seconds = 0.0


async def decide(
    request: Request, read_body: BodyReader, rules: Ruleset, ports: Ports, now: Instant, trail: _Trail
) -> Spent | Claimed:
    """Let a call through all steps but the last.  Raises Refused or Unavailable.

    The body is read only for a caller who may send it. A call that was answered before ends where that is found.
    """
    located = trail.located = locate(request, rules.table, rules.accepted)
    identified = trail.identified = identify(
        located, rules.accepted, ports.keys, ports.nonces, rules.memory, now, ports.user_of
    )
    authorized = authorize(identified, rules.accepted.challenge, now)
    accepted = rules.accepted
    limited = await limit(
        authorized, ports.admissions, now, step_up_acr=accepted.step_up_acr, challenge=accepted.challenge
    )
    body = await read_body(located.operation.demands.max_body_bytes)
    trail.body_bytes = len(body)
    attested = await attest(limited, body, rules.accepted, ports.client_keys, ports.admissions, now)
    trail.signed_by = attested.signed_by
    valid = validate(attested, rules.accepted.max_json_depth)
    screened = screen(valid, rules.patterns)
    trail.found = screened.found
    constrained = constrain(screened, rules.accepted, now)
    # Asked before anything is taken: a payment whose answer nobody could sign is not made.
    trail.kid = await signing_key(located.operation, ports.response_signer)
    claimed = trail.claimed = await claim(constrained, ports.idempotency, now)
    if claimed.answer is not None:
        return claimed
    # The body may have come slowly: hours and days are those of the moment in which the call goes out.
    governed = trail.governed = await govern(claimed, ports.sums, ports.countries, ports.clock())
    return await spend(governed, ports.consents, now)


async def _carried_out(spent: Spent, ports: Ports, trail: _Trail) -> Response:
    """Send a call that has passed, and return the answer that may leave."""
    began = monotonic_seconds()
    trail.sending = True
    located = spent.constrained.screened.valid.limited.authorized.identified.located
    try:
        forwarding = forward(spent.constrained.screened, ports.sender)
        answer = await sent(spent, ports.consents, ports.events, ports.clock, forwarding)
    finally:
        trail.upstream_seconds = monotonic_seconds() - began
    conformed = await conform(answer, located.request.method, located.operation)
    trail.stripped, trail.differs = conformed.stripped, conformed.differs
    return conformed.response if trail.claimed is None else await keep(trail.claimed, conformed.response, ports)


async def _undo(trail: _Trail, ports: Ports, *, sent: bool) -> None:
    """Take back what a call has taken, as far as it certainly did nothing."""
    if trail.governed is not None and not sent:
        await take_back(trail.governed, ports.sums)
    if trail.claimed is not None:
        await let_go(trail.claimed, ports, sent=sent)


async def _unsigned(
    request: Request, read_body: BodyReader, rules: Ruleset, ports: Ports, now: Instant, trail: _Trail
) -> Response:
    """Decide a call and carry it out.  Raises what decides against it, everything that it took undone before."""
    try:
        decided = await decide(request, read_body, rules, ports, now, trail)
        if isinstance(decided, Spent):
            return await _carried_out(decided, ports, trail)
        nonce = decided.constrained.screened.valid.limited.authorized.identified.nonce
        return replayed(decided, request, nonce)
    except BaseException as why:
        if trail.claimed is not None:
            await noted(_undo(trail, ports, sent=trail.sending and not isinstance(why, NotSent)))
        raise


async def _answered(
    request: Request, read_body: BodyReader, rules: Ruleset, ports: Ports, now: Instant, trail: _Trail
) -> Response:
    """Return the answer of a call, signed where that is demanded; one that is repeated is signed for this request."""
    response = await _unsigned(request, read_body, rules, ports, now, trail)
    limit = trail.located.operation.response_rules.max_bytes if trail.located else 0
    return await sign_answer(response, request, trail.kid, ports.response_signer, ports.clock(), limit)


class Gateway:
    """`handle(request)`: what the ways in call. Never raises."""

    def __init__(self, rules: Ruleset, ports: Ports) -> None:
        """Serve by `rules` until they are replaced."""
        self._rules = rules
        self._ports = ports

    def replace(self, rules: Ruleset) -> None:
        """Decide every call that starts from now on by other rules; calls under way end by the old ones."""
        self._rules = rules

    async def __call__(self, request: Request, read_body: BodyReader) -> Response:
        """Decide a call, forward it if it passes, and record it."""
        rules, ports = self._rules, self._ports
        started = monotonic_seconds()
        now = ports.clock()
        trail = _Trail()
        refused: Refused | None = None
        key = None
        try:
            ports.events.ready()
            key = receipt_key(ports.receipts, now) if rules.receipts else None
            response = await _answered(request, read_body, rules, ports, now, trail)
        except Refused as why:
            refused = why
        except Unavailable as why:
            refused = Refused(Reason.UNAVAILABLE, private=str(why), headers=(("retry-after", "1"),))
        except Exception as why:  # noqa: BLE001 - whatever went wrong is ours, and the caller learns no more than that
            _log.exception("call failed", correlation=request.correlation)
            refused = Refused(Reason.INTERNAL, private=type(why).__name__)
        except asyncio.CancelledError:
            # Nobody gets an answer, but the upstream may have acted: who hangs up must not leave without a trace.
            gone = Refused(Reason.CALLER_GONE)
            self._emit(_event(request, Response(gone.status, ()), gone, trail, now, monotonic_seconds() - started))
            raise
        if refused is not None:
            response = refusal(refused, request.correlation, rules.accepted.challenge)
        event = _event(request, response, refused, trail, now, monotonic_seconds() - started)
        self._emit(event)
        settle = self._ports.settle
        if settle and trail.upstream_seconds and trail.located and trail.located.operation.durable:
            response = await self._settled(settle, response, request, rules)
        return response if key is None else with_receipt(response, event, key)

    async def _settled(self, settle: Settle, response: Response, request: Request, rules: Ruleset) -> Response:
        """Return the answer when its record is on the disk; otherwise say that it is not known how the call ended."""
        try:
            self._ports.events.ready()  # fails where the event could not be taken
            await settle()
        except Unavailable as why:
            _log.error("the record of a call may be lost: it is not answered as done", why=str(why))
            await let_body_go(response.body)
            lost = Refused(Reason.UNAVAILABLE, private=str(why))
            return refusal(lost, request.correlation, rules.accepted.challenge)
        return response

    def turned_away(self, request: Request, refused: Refused) -> Response:
        """Answer and record a request that the way in could not read as a call."""
        now = self._ports.clock()
        response = refusal(refused, request.correlation, self._rules.accepted.challenge)
        self._emit(_event(request, response, refused, _Trail(), now, 0.0))
        return response

    def _emit(self, event: CallDecided) -> None:
        try:
            self._ports.events.emit(event)
        except Unavailable as why:
            # The call is decided and answered; what cannot go to the stream goes to the log.
            _log.error("event not taken", why=str(why), lost=event)


def _event(
    request: Request, response: Response, refused: Refused | None, trail: _Trail, now: Instant, seconds: float
) -> CallDecided:
    operation = trail.located.operation if trail.located else None
    token = trail.identified.token if trail.identified else None
    return CallDecided(
        at=now,
        correlation=request.correlation,
        trace=request.trace.trace_id,
        allowed=refused is None,
        status=response.status,
        reason=refused.reason.value if refused else "",
        private=refused.private if refused else "",
        method=request.method,
        path=operation.template if operation else request.path[:LONGEST_PATH_TOLD],
        api=operation.api if operation else "",
        version=operation.version if operation else "",
        operation=operation.operation_id if operation else "",
        client=token.client_id if token else "",
        user=token.user_id if token else "",
        grant=token.grant_id if token else "",
        signed_by=trail.signed_by,
        scopes=tuple(sorted(token.scopes)) if token else (),
        binding="" if token is None else "mtls" if token.x5t_s256 else "dpop",
        acr=token.acr if token else "",
        login_age=-1 if token is None or token.auth_time is None else max(0, int(now - token.auth_time)),
        network=request.peer.address,
        stripped=trail.stripped,
        differs=trail.differs,
        micros=int(seconds * 1e6),
        upstream_micros=int(trail.upstream_seconds * 1e6),
        request_bytes=trail.body_bytes,
        response_bytes=_length(response.body),
        rules=trail.governed.shadowed if trail.governed else (),
        replayed=trail.claimed is not None and trail.claimed.answer is not None,
        actors=token.actors if token else (),
        suspicious=tuple(f"{at}={'+'.join(classes)}" for at, classes in trail.found),
    )


def _length(body: bytes | AsyncIterator[bytes]) -> int:
    return len(body) if isinstance(body, bytes) else -1
