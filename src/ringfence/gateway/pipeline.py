"""The chain of a call: every step takes the type that the step before it returns."""

import asyncio
import traceback
from collections.abc import AsyncIterator

import msgspec
import structlog

from ringfence.agents import agent_of
from ringfence.clock import Instant, monotonic_seconds
from ringfence.events.calls import CallDecided
from ringfence.gateway.acceptance import Acceptance, acceptance
from ringfence.gateway.answer import let_go as let_body_go
from ringfence.gateway.assess import assess, weigh
from ringfence.gateway.attest import attest
from ringfence.gateway.authorize import authorize
from ringfence.gateway.conform import conform
from ringfence.gateway.constrain import constrain
from ringfence.gateway.forward import forward
from ringfence.gateway.govern import govern, take_back
from ringfence.gateway.idempotent import claim, keep, let_go, replayed
from ringfence.gateway.identify import identify
from ringfence.gateway.in_flight import crashed, landed
from ringfence.gateway.limit import limit
from ringfence.gateway.locate import locate
from ringfence.gateway.minimise import minimise
from ringfence.gateway.new_payee import Acquaintance, remember, standing
from ringfence.gateway.overload import Lines, Place, Pressure, foresee, priority, still_good, take_place
from ringfence.gateway.payload import open_payload
from ringfence.gateway.permit import determining, permit
from ringfence.gateway.ports import BodyReader, NotSent, Ports, Settle
from ringfence.gateway.protect import closed, keys_at_hand, opened, protect, unsealed
from ringfence.gateway.rate_limit_fields import told
from ringfence.gateway.receipts import receipt_key, with_receipt
from ringfence.gateway.recognise import recognise, turn_away, vouched
from ringfence.gateway.screen import screen
from ringfence.gateway.screening.pattern import Pattern
from ringfence.gateway.screening.pattern_set import OWN, PatternSet
from ringfence.gateway.seal import NOBODY, seal, sealing_key
from ringfence.gateway.sign_answer import sign_answer, signing_key
from ringfence.gateway.spend import noted, sent, spend
from ringfence.gateway.stages import Claimed, Governed, Identified, Limited, Located, Permitted, Spent, Weighed
from ringfence.gateway.token_memory import TokenMemory
from ringfence.gateway.traces import traced
from ringfence.gateway.validate import validate
from ringfence.gateway.verdict import refusal
from ringfence.gateway.weighing import blemish, weighing_of
from ringfence.intel.table import UNLISTED, Listing
from ringfence.message import Request, Response
from ringfence.policy.cedar import Cedar
from ringfence.policy.model import Policy
from ringfence.policy.operations import OperationTable
from ringfence.problem import Reason, Refused
from ringfence.protect.scan import without_numbers
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
    tell_limits: bool = True
    """Every answer tells what is left of the caller's limits."""
    cedar: Cedar | None = None
    trace_share: float = 0.0
    """So many of the traces that begin here are recorded."""


def ruleset(
    policy: Policy, table: OperationTable, more: tuple[Pattern, ...] = (), cedar: Cedar | None = None
) -> Ruleset:
    """Return the compiled form of a policy, with an empty token memory; `more` are the operator's own patterns."""
    return Ruleset(
        table,
        acceptance(policy),
        TokenMemory(policy.gateway.token_cache_entries),
        PatternSet((*OWN, *more)),
        policy.audit.receipts == "on",
        policy.gateway.tell_limits == "on",
        cedar,
        max((sink.share for sink in policy.export.traces.values()), default=0.0),
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
        "limited",
        "listing",
        "located",
        "permitted",
        "place",
        "recipient",
        "sending",
        "signed_by",
        "started",
        "stripped",
        "upstream_after",
        "upstream_seconds",
        "weighed",
        "worth",
    )

    def __init__(self, started: float = 0.0) -> None:
        self.started = started
        self.place = Place()
        self.worth = ""
        self.claimed: Claimed | None = None
        self.governed: Governed | None = None
        self.sending = False
        self.located: Located | None = None
        self.identified: Identified | None = None
        self.limited: Limited | None = None
        self.permitted: Permitted | None = None
        self.weighed: Weighed | None = None
        self.body_bytes = 0
        self.differs: tuple[str, ...] = ()
        self.signed_by = ""
        self.stripped: tuple[str, ...] = ()
        self.found: tuple[tuple[str, tuple[str, ...]], ...] = ()
        self.kid = ""
        self.recipient = NOBODY
        self.listing: Listing = UNLISTED
        self.upstream_seconds = 0.0
        self.upstream_after = 0.0


async def decide(
    request: Request, read_body: BodyReader, rules: Ruleset, ports: Ports, lines: Lines, now: Instant, trail: _Trail
) -> Spent | Claimed:
    """Let a call through all steps but the last.  Raises Refused or Unavailable.

    The body is read only for a caller who may send it. A call that was answered before ends where that is found.
    """
    listing = trail.listing = recognise(request, ports.intelligence, now)
    located = trail.located = locate(request, rules.table, rules.accepted)
    turn_away(listing)
    identified = trail.identified = identify(
        located, rules.accepted, ports.keys, ports.nonces, rules.memory, now, ports.user_of
    )
    authorized = vouched(authorize(identified, rules.accepted.challenge, now), listing, rules.accepted, now)
    weighed = trail.weighed = weigh(authorized, ports.risks, now)
    assessed = assess(weighed, rules.accepted.challenge, now)
    line = lines.to(located.operation)
    worth = priority(located.operation, identified.token.client_id)
    if line is not None:
        trail.worth = worth.word
        foresee(line, worth)
    accepted = rules.accepted
    limited = trail.limited = await limit(
        assessed, ports.admissions, now, step_up_acr=accepted.step_up_acr, challenge=accepted.challenge
    )
    body = await read_body(located.operation.demands.max_body_bytes)
    trail.body_bytes = len(body)
    attested = await attest(limited, body, rules.accepted, ports.client_keys, ports.admissions, now)
    trail.signed_by = attested.signed_by
    attested = await open_payload(attested, ports.payloads, rules.accepted.max_json_depth, now)
    valid = validate(attested, rules.accepted.max_json_depth)
    screened = screen(valid, rules.patterns)
    trail.found = screened.found
    permitted = trail.permitted = permit(constrain(screened, accepted, now), rules.cedar, ports.countries, now)
    # Asked before anything is taken: a payment whose answer nobody could seal or sign is not made.
    trail.recipient = sealing_key(identified, accepted, ports.client_keys)
    trail.kid = await signing_key(located.operation, ports.response_signer)
    await keys_at_hand(permitted, ports.protection)
    place = trail.place = await take_place(screened, line, worth, trail.started)
    # The body may have come slowly, and the line been long.
    now = ports.clock()
    still_good(identified.token, now)
    if place.waited:
        permitted = trail.permitted = permit(constrain(screened, accepted, now), rules.cedar, ports.countries, now)
    claimed = trail.claimed = await claim(permitted, ports.idempotency, now)
    if claimed.answer is not None:
        return claimed
    # Hours and days are those of the moment in which the call goes out.
    known = Acquaintance(ports.payees, rules.accepted.challenge)
    governed = trail.governed = await govern(claimed, ports.sums, ports.countries, now, known)
    return await spend(governed, ports.consents, now)


async def _carried_out(spent: Spent, ports: Ports, trail: _Trail) -> Response:
    """Send a call that has passed, and return the answer that may leave."""
    began = monotonic_seconds()
    located = spent.constrained.screened.valid.limited.authorized.identified.located
    try:
        forwarding = _forwarded(spent, ports, trail)
        answer = await sent(spent, ports.consents, ports.events, ports.clock, forwarding, lambda: trail.sending)
    finally:
        trail.upstream_seconds = monotonic_seconds() - began
        trail.upstream_after = began - trail.started
    await remember(trail.governed, answer.status, ports.payees, ports.clock())
    clear = await opened(answer, spent, ports.protection)
    conformed = await conform(clear, located.request.method, located.operation)
    trail.stripped, trail.differs = conformed.stripped, conformed.differs
    minimal = await minimise(conformed.response, spent.constrained.screened.valid)
    trail.stripped += minimal.stripped
    response = await closed(minimal.response, spent, ports.protection)
    return response if trail.claimed is None else await keep(trail.claimed, response, ports)


async def _forwarded(spent: Spent, ports: Ports, trail: _Trail) -> Response:
    """Protect fields and send the call; one whose fields cannot be protected is not sent, and takes nothing.

    The signer's time is not the upstream's, so only the sending counts for its limit.
    """
    reworked = await protect(spent, ports.protection)
    trail.sending = True
    return await trail.place.sending(forward(reworked, ports.sender))


async def _undo(trail: _Trail, ports: Ports, *, sent: bool) -> None:
    """Take back what a call has taken, as far as it certainly did nothing."""
    if trail.governed is not None and not sent:
        await take_back(trail.governed, ports.sums)
    if trail.claimed is not None:
        await let_go(trail.claimed, ports, sent=sent)


async def _unsigned(
    request: Request, read_body: BodyReader, rules: Ruleset, ports: Ports, lines: Lines, now: Instant, trail: _Trail
) -> Response:
    """Decide a call and carry it out.  Raises what decides against it, everything that it took undone before."""
    try:
        decided = await decide(request, read_body, rules, ports, lines, now, trail)
        if isinstance(decided, Spent):
            return await _carried_out(decided, ports, trail)
        valid = decided.constrained.screened.valid
        nonce = valid.limited.authorized.identified.nonce
        again = replayed(await unsealed(decided, ports.protection), request, nonce)
        minimal = await minimise(again, valid)
        trail.stripped = minimal.stripped
        return minimal.response
    except BaseException as why:
        if trail.claimed is not None:
            await noted(_undo(trail, ports, sent=trail.sending and not isinstance(why, NotSent)))
        raise
    finally:
        trail.place.give_up()


async def _answered(
    request: Request, read_body: BodyReader, rules: Ruleset, ports: Ports, lines: Lines, now: Instant, trail: _Trail
) -> Response:
    """Return the answer of a call, sealed and signed where that is demanded; one that is repeated is so for this request."""
    response = await _unsigned(request, read_body, rules, ports, lines, now, trail)
    response = await seal(response, trail.identified, trail.recipient, rules.accepted, ports.clock())
    limit = trail.located.operation.response_rules.max_bytes if trail.located else 0
    return await sign_answer(response, request, trail.kid, ports.response_signer, ports.clock(), limit)


class Gateway:
    """`handle(request)`: what the ways in call. Never raises."""

    def __init__(self, rules: Ruleset, ports: Ports) -> None:
        """Serve by `rules` until they are replaced."""
        self._rules = rules
        self._ports = ports
        self._lines = Lines()

    def pressure(self) -> tuple[Pressure, ...]:
        """Return how each upstream that was called stands."""
        return self._lines.pressure()

    def replace(self, rules: Ruleset) -> None:
        """Decide every call that starts from now on by other rules; calls under way end by the old ones."""
        self._rules = rules
        self._lines.keep({operation.upstream_name for operation in rules.table.operations})

    async def __call__(self, request: Request, read_body: BodyReader) -> Response:
        """Decide a call, forward it if it passes, and record it."""
        trail = _Trail(monotonic_seconds())
        try:
            response = await self._call(traced(request, self._rules.trace_share), read_body, trail)
        except BaseException:
            await crashed(trail.limited, self._ports.admissions)
            raise
        return await landed(response, trail.limited, self._ports.admissions, self._ports.clock)

    async def _call(self, request: Request, read_body: BodyReader, trail: _Trail) -> Response:
        rules, ports = self._rules, self._ports
        started = trail.started
        now = ports.clock()
        refused: Refused | None = None
        key = None
        try:
            ports.events.ready()
            key = receipt_key(ports.receipts, now) if rules.receipts else None
            response = await _answered(request, read_body, rules, ports, self._lines, now, trail)
        except Refused as why:
            # Its traceback holds this frame, which holds it: the call's body would stay until the collector comes by.
            refused = why.with_traceback(None)
        except Unavailable as why:
            # What was sent may have been done: nobody is asked to send it again.
            again = () if trail.sending else (("retry-after", "1"),)
            refused = Refused(Reason.UNAVAILABLE, private=str(why), headers=again)
        except Exception as why:  # noqa: BLE001 - whatever went wrong is ours, and the caller learns no more than that
            # As text: a log around us that shows variables, as an application's may, would show bodies.
            _log.error("call failed", correlation=request.correlation, exception=traceback.format_exc())
            refused = Refused(Reason.INTERNAL, private=type(why).__name__)
        except asyncio.CancelledError:
            # Nobody gets an answer, but the upstream may have acted: who hangs up must not leave without a trace.
            gone = Refused(Reason.CALLER_GONE)
            self._emit(
                _event(request, Response(gone.status, ()), gone, trail, now, monotonic_seconds() - started, self._ports)
            )
            raise
        if refused is not None:
            response = refusal(refused, request.correlation, rules.accepted.challenge)
            await blemish(trail.limited, refused, ports.admissions)
        event = _event(request, response, refused, trail, now, monotonic_seconds() - started, self._ports)
        self._emit(event)
        settle = self._ports.settle
        if settle and trail.upstream_seconds and trail.located and trail.located.operation.durable:
            response = await self._settled(settle, response, request, rules)
        if rules.tell_limits:
            response = told(response, trail.limited, refused)
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
        request = traced(request, self._rules.trace_share)
        now = self._ports.clock()
        response = refusal(refused, request.correlation, self._rules.accepted.challenge)
        self._emit(_event(request, response, refused, _Trail(), now, 0.0, self._ports))
        return response

    def _emit(self, event: CallDecided) -> None:
        try:
            self._ports.events.emit(event)
        except Unavailable as why:
            # The call is decided and answered; what cannot go to the stream goes to the log.
            _log.error("event not taken", why=str(why), lost=event)


def _event(
    request: Request,
    response: Response,
    refused: Refused | None,
    trail: _Trail,
    now: Instant,
    seconds: float,
    ports: Ports,
) -> CallDecided:
    operation = trail.located.operation if trail.located else None
    token = trail.identified.token if trail.identified else None
    weighing = weighing_of(trail.limited, refused)
    agent = agent_of(request.header("user-agent"))
    return CallDecided(
        at=now,
        correlation=request.correlation,
        trace=request.trace.trace_id,
        allowed=refused is None,
        status=response.status,
        reason=refused.reason.value if refused else "",
        private=without_numbers(refused.private) if refused else "",
        method=request.method,
        path=operation.template if operation else without_numbers(request.path[:LONGEST_PATH_TOLD]),
        api=operation.api if operation else "",
        version=operation.version if operation else "",
        operation=operation.operation_id if operation else "",
        client=token.client_id if token else "",
        user=token.user_id if token else "",
        grant=token.grant_id if token else "",
        signed_by=trail.signed_by,
        sealed_to=trail.recipient.kid if trail.recipient and refused is None else "",
        scopes=tuple(sorted(token.scopes)) if token else (),
        binding="" if token is None else "mtls" if token.x5t_s256 else "dpop",
        acr=token.acr if token else "",
        login_age=-1 if token is None or token.auth_time is None else max(0, int(now - token.auth_time)),
        network=request.peer.address,
        agent=agent.digest,
        agent_class=agent.kind,
        object=ports.objects.of(trail.located.path_parameters) if trail.located else "",
        # pointers have names that the caller or the API chose: a list by account has numbers for names
        stripped=tuple(map(without_numbers, trail.stripped)),
        differs=tuple(map(without_numbers, trail.differs)),
        micros=int(seconds * 1e6),
        upstream_micros=int(trail.upstream_seconds * 1e6),
        request_bytes=trail.body_bytes,
        response_bytes=_length(response.body),
        listed=trail.listing.feeds,
        rules=_shadowed(trail),
        payee=standing(trail.governed),
        replayed=trail.claimed is not None and trail.claimed.answer is not None,
        actors=token.actors if token else (),
        priority=trail.worth,
        queued_micros=int(trail.place.queued * 1e6),
        risk=trail.weighed.risk if trail.weighed else 0.0,
        risk_reasons=trail.weighed.reasons if trail.weighed else (),
        suspicious=tuple(f"{without_numbers(at)}={'+'.join(classes)}" for at, classes in trail.found),
        limit_risk=weighing.risk,
        limit_cost=weighing.cost,
        limit_why=weighing.why,
        policies=determining(trail.permitted, refused),
        span=request.trace.span_id,
        parent=request.trace.parent_id,
        sampled=request.trace.sampled,
        upstream_after_micros=int(trail.upstream_after * 1e6),
    )


def _shadowed(trail: _Trail) -> tuple[str, ...]:
    by_cedar = trail.permitted.shadowed if trail.permitted else ()
    return (*by_cedar, *trail.governed.shadowed) if trail.governed else by_cedar


def _length(body: bytes | AsyncIterator[bytes]) -> int:
    return len(body) if isinstance(body, bytes) else -1
