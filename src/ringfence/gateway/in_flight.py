"""Give a call's places among those in flight back when its answer has gone out, and hold them on while it goes."""

import asyncio
from collections.abc import AsyncIterator
from typing import Self

import structlog

from ringfence.clock import Clock, Instant, Seconds
from ringfence.gateway.answer import let_go as let_body_go
from ringfence.gateway.ports import Admissions
from ringfence.gateway.rate_limit_fields import Named
from ringfence.gateway.spend import noted
from ringfence.gateway.stages import Limited
from ringfence.message import Response
from ringfence.store.interface import Lease, Unavailable

_log = structlog.get_logger("ringfence.gateway")


async def landed(response: Response, limited: Limited | None, admissions: Admissions, clock: Clock) -> Response:
    """Return an answer whose call is counted until it has gone out: one that is whole is as good as gone."""
    if limited is None or not limited.leases:
        return response
    if isinstance(response.body, bytes):
        await give_back(limited.leases, admissions)
        return response
    seconds = min(rule.in_flight.lease_seconds for _, rule in _limits(limited) if rule.in_flight is not None)
    counted = _Counted(response.body, limited.leases, seconds, admissions, clock)
    return Response(response.status, response.headers, counted)


def _limits(limited: Limited) -> Named:
    return limited.authorized.identified.located.operation.demands.limits


async def crashed(limited: Limited | None, admissions: Admissions) -> None:
    """Give the places of a call back whose caller has gone."""
    if limited is not None and limited.leases:
        await noted(give_back(limited.leases, admissions))


async def give_back(leases: tuple[Lease, ...], admissions: Admissions) -> None:
    """Give places back; where that fails they are free when their time is over."""
    try:
        await admissions.release(leases)
    except Unavailable as why:
        _log.error("a call counts as in flight though it has ended", why=str(why))


class _Counted:
    """A streamed body whose call is in flight until it has ended or is closed."""

    def __init__(
        self,
        body: AsyncIterator[bytes],
        leases: tuple[Lease, ...],
        seconds: Seconds,
        admissions: Admissions,
        clock: Clock,
    ) -> None:
        self._body = body
        self._leases = leases
        self._admissions = admissions
        self._clock = clock
        self._seconds = seconds
        # however much of the lease the answer itself has taken
        self._renew_at = Instant(min(lease.expires_at for lease in leases) - seconds / 2)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            piece = await anext(self._body)
        except (Exception, asyncio.CancelledError):  # its end is one of them
            await self._end()
            raise
        if self._leases and (now := self._clock()) >= self._renew_at:
            await self._hold_on(now)
        return piece

    async def aclose(self) -> None:
        try:
            await let_body_go(self._body)
        finally:
            await self._end()

    async def _hold_on(self, now: Instant) -> None:
        until = Instant(now + self._seconds)
        try:
            await self._admissions.release(self._leases, until)
        except Unavailable as why:
            _log.error("a call may end being counted before it ends", why=str(why))
            return
        self._leases = tuple(Lease(lease.key, lease.most, until) for lease in self._leases)
        self._renew_at = Instant(now + self._seconds / 2)

    async def _end(self) -> None:
        leases, self._leases = self._leases, ()
        if leases:
            await noted(give_back(leases, self._admissions))
