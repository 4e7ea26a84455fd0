"""Make a call once for each idempotency key, and answer its repetitions as the first.  draft-ietf-httpapi-idempotency-key-header-07 §2."""

import re
from hashlib import sha256
from typing import Final

import msgspec
import structlog

from ringfence.clock import Instant, Seconds
from ringfence.gateway.ports import Ports
from ringfence.gateway.protect import clear_for, sealed
from ringfence.gateway.stages import Claimed, Constrained, Permitted
from ringfence.gateway.uncut import uncut
from ringfence.gateway.verdict import CORRELATION_HEADER
from ringfence.gateway.whole_body import whole_body
from ringfence.message import Headers, Request, Response
from ringfence.problem import Reason, Refused
from ringfence.proofs.dpop import NONCE_HEADER
from ringfence.store.idempotency import Answer, Entry, IdempotencyKeys, Standing
from ringfence.store.interface import Unavailable

_log = structlog.get_logger("ringfence.gateway")

REPLAYED_HEADER: Final = "idempotent-replayed"

MARGIN_SECONDS: Final[Seconds] = 60.0
"""Beyond the upstream's own times, until a call that has not ended is taken for lost: reading and judging the answer."""

RETRY_SECONDS: Final = 1

_KEY: Final = re.compile(r"[\x20-\x7e]{1,255}")

_OF_ONE_CALL: Final = frozenset({CORRELATION_HEADER, NONCE_HEADER})
"""Answer fields that belong to the call that they answer, and to no other."""


async def claim(constrained: Permitted, keys: IdempotencyKeys | None, now: Instant) -> Claimed:
    """Claim the call's key, or return what the first call with it was answered.

    Raises:
        Refused: IDEMPOTENCY_KEY, IDEMPOTENCY_MISMATCH, IDEMPOTENCY_UNDER_WAY or IDEMPOTENCY_UNCLEAR.
        Unavailable: the keys are gone.
    """
    identified = constrained.screened.valid.limited.authorized.identified
    operation, request = identified.located.operation, identified.located.request
    demand = operation.demands.idempotency
    if demand is None:
        return Claimed(constrained)
    values = request.all_headers(demand.header)
    if not values and not demand.required:
        return Claimed(constrained)
    if len(values) != 1 or not _KEY.fullmatch(values[0]):
        raise Refused(Reason.IDEMPOTENCY_KEY, f"send `{demand.header}` once, with 1 to 255 characters of ASCII")
    if keys is None:
        raise Unavailable("idempotency keys: this gateway has none")
    named = [identified.token.client_id, operation.upstream_name, operation.operation_id, values[0]]
    key = sha256(msgspec.json.encode(named)).digest()
    upstream = operation.upstream
    entry = Entry(
        fingerprint=_fingerprint(constrained),
        owner=request.correlation,
        until=Instant(now + upstream.connect_timeout_seconds + upstream.timeout_seconds + MARGIN_SECONDS),
        expires_at=Instant(now + demand.keep_seconds),
    )
    before = await uncut(keys.claim(key, entry, now), lambda _: keys.release(key, entry.owner))
    if before is None:
        return Claimed(constrained, key)
    if before.fingerprint != entry.fingerprint:
        raise Refused(Reason.IDEMPOTENCY_MISMATCH, "take a new key for another call; a key stands for one call alone")
    if before.answer is not None:
        return Claimed(constrained, b"", before.answer, key)
    if before.standing is Standing.UNDER_WAY and before.until > now:
        raise Refused(
            Reason.IDEMPOTENCY_UNDER_WAY,
            "wait for its answer, or send it again later with the same key",
            headers=(("retry-after", str(RETRY_SECONDS)),),
        )
    made = "it was made, and its answer was too large to keep" if before.standing is Standing.MADE else "it may be made"
    raise Refused(
        Reason.IDEMPOTENCY_UNCLEAR,
        f"{made}: do not send it again with another key before you have looked whether it has been carried out",
    )


def _fingerprint(constrained: Constrained) -> bytes:
    """Return the hash of what a repetition has to agree in: target, customer, grant and body, as they came.

    Where fields of the answer are in clear for some scopes only, also in which of them: the answer is kept as the first
    caller got it.
    """
    valid = constrained.screened.valid
    identified = valid.limited.authorized.identified
    token, request = identified.token, identified.located.request
    named = [request.method, request.target, token.user_id, token.grant_id, token.consent_id, *clear_for(identified)]
    about = msgspec.json.encode(named)
    return sha256(sha256(about).digest() + valid.body).digest()


def replayed(claimed: Claimed, request: Request, nonce: str) -> Response:
    """Return the answer that was kept as the answer to this call."""
    answer = claimed.answer
    if answer is None:
        raise ValueError("nothing was kept")
    ours: Headers = ((CORRELATION_HEADER, request.correlation), (REPLAYED_HEADER, "true"))
    if nonce:
        ours = (*ours, (NONCE_HEADER, nonce))
    return Response(answer.status, (*answer.headers, *ours), answer.body)


async def keep(claimed: Claimed, response: Response, ports: Ports) -> Response:
    """Keep the answer under the call's key before it leaves, and return it; one that is too large only leaves a mark.

    What cannot be kept leaves the key in use, and so unclear: a repetition is not made either way.
    """
    demand = claimed.constrained.screened.valid.limited.authorized.identified.located.operation.demands.idempotency
    if not claimed.key or demand is None:
        return response
    body, rest = await whole_body(response.body, demand.max_answer_bytes)
    if rest is None:
        headers = tuple(field for field in response.headers if field[0] not in _OF_ONE_CALL)
        try:
            answer = await sealed(Answer(response.status, headers, body), claimed, ports.protection)
        except Unavailable as why:
            _log.error("an answer with protected fields is not kept", why=str(why))
            await _settle(claimed, ports, Standing.MADE)
        else:
            await _settle(claimed, ports, Standing.ANSWERED, answer)
        return Response(response.status, response.headers, body)
    await _settle(claimed, ports, Standing.MADE)
    return Response(response.status, response.headers, rest)


async def let_go(claimed: Claimed, ports: Ports, *, sent: bool) -> None:
    """Say that a call has ended without an answer to keep: its key may be claimed again only where nothing was sent."""
    if not claimed.key:
        return
    if sent:
        await _settle(claimed, ports, Standing.UNCLEAR)
        return
    try:
        if ports.idempotency is not None:
            await ports.idempotency.release(claimed.key, _owner(claimed))
    except Unavailable as why:
        _log.error("an idempotency key stays in use though nothing was sent", why=str(why))


async def _settle(claimed: Claimed, ports: Ports, standing: Standing, answer: Answer | None = None) -> None:
    try:
        if ports.idempotency is not None:
            await ports.idempotency.settle(claimed.key, _owner(claimed), standing, answer)
    except Unavailable as why:
        _log.error("what came of an idempotency key is not noted", standing=standing.value, why=str(why))


def _owner(claimed: Claimed) -> str:
    return claimed.constrained.screened.valid.limited.authorized.identified.located.request.correlation
