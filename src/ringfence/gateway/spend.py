"""Use a payment's consent up, once: taken before the call goes out, returned only where nothing went out.  SCA RTS art. 4(1)."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from ringfence.clock import Clock, Instant
from ringfence.gateway.ports import Consents, Events, NotSent
from ringfence.gateway.stages import Governed, Spent
from ringfence.gateway.uncut import NOTE_SECONDS, uncut
from ringfence.message import Response
from ringfence.problem import Reason, Refused
from ringfence.store.consent_events import consent_moved
from ringfence.store.interface import Unavailable

_log = structlog.get_logger("ringfence.gateway")


async def spend(governed: Governed, consents: Consents | None, now: Instant) -> Spent:
    """Put the payment's consent to use by this call; whoever comes second is refused.

    Raises:
        Refused: CONSENT_USED.
        Unavailable: the records are gone.
    """
    constrained = governed.constrained
    identified = constrained.screened.valid.limited.authorized.identified
    token, request = identified.token, identified.located.request
    if identified.located.operation.demands.link is None:
        return Spent(constrained)
    if consents is None:
        raise Unavailable("consents: this gateway has no records")
    consent, call = token.consent_id, request.correlation
    using = consents.use_consent(consent, token.client_id, call, now)
    # what another call has in use is not this one's to return
    if not await uncut(using, lambda _: consents.return_consent(consent, call)):
        raise Refused(Reason.CONSENT_USED, "ask the customer for another consent")
    return Spent(constrained, token.consent_id)


async def sent(
    spent: Spent,
    consents: Consents | None,
    events: Events,
    clock: Clock,
    forwarding: Awaitable[Response],
    begun: Callable[[], bool] = lambda: True,
) -> Response:
    """Forward the call and note what became of its consent, whatever happens meanwhile.

    Only where no byte went out may another call use the consent. An answer of any status, a connection that
    broke, a caller who left: the API may have acted, so the consent is used up.

    Args:
        spent: the call.
        consents: the records; None where there are none.
        events: where the consumed consent is told.
        clock: tells the time.
        forwarding: sends the call.
        begun: says whether sending has begun; what fails before has sent nothing.

    Raises:
        Refused: as forwarding does.
    """
    if consents is None or not spent.consent_id:
        return await forwarding
    try:
        response = await forwarding
    except BaseException as why:
        untouched = isinstance(why, NotSent) or not begun()
        await noted(_return(spent, consents) if untouched else _spend(spent, consents, events, clock))
        raise
    await noted(_spend(spent, consents, events, clock))
    return response


async def noted(noting: Awaitable[None]) -> None:
    """Let noting end even where the caller has left; what cannot be noted leaves the consent in use, and so used."""
    task = asyncio.ensure_future(noting)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=NOTE_SECONDS)
        raise


async def _return(spent: Spent, consents: Consents) -> None:
    try:
        await consents.return_consent(spent.consent_id, _call(spent))
    except Unavailable as why:
        _log.error("consent stays used though nothing was sent", consent=spent.consent_id, why=str(why))


async def _spend(spent: Spent, consents: Consents, events: Events, clock: Clock) -> None:
    now = clock()
    try:
        consent = await consents.spend_consent(spent.consent_id, _call(spent), now)
        if consent is not None:
            events.emit(consent_moved(consent, _call(spent), now, "the payment was sent"))
    except Unavailable as why:
        _log.error("consent is used but not noted as consumed yet", consent=spent.consent_id, why=str(why))


def _call(spent: Spent) -> str:
    return spent.constrained.screened.valid.limited.authorized.identified.located.request.correlation
