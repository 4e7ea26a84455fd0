"""Keep an upstream at what it can do: a place for each call that goes out, or 503 before anything is taken.

A call is looked at twice. Where it would be turned away anyway it is refused before its proof is claimed or its body
read. When all that costs no more than this process's time has been checked, it takes its place, or waits for one.
Duration preferences are RFC 7240 §4.3.
"""

import asyncio
import re
from collections.abc import Awaitable, Collection
from typing import Final

import msgspec

from ringfence.clock import Instant, Seconds, monotonic_seconds
from ringfence.gateway.line import Line, Priority, Standing, Ticket
from ringfence.gateway.ports import NotSent
from ringfence.gateway.stages import Screened
from ringfence.message import Request, Response
from ringfence.policy.operations import SAFE_METHODS, Operation
from ringfence.problem import Reason, Refused
from ringfence.proofs.access_token import AccessToken

RETRY_SECONDS: Final = {Priority.PAYMENT: 1, Priority.WRITE: 1, Priority.READ: 2, Priority.TEST: 10}
"""`retry-after`: who is refused first comes back last."""

_WAIT: Final = re.compile(r'(?i)(?:^|,)[ \t]*wait[ \t]*=[ \t]*"?([1-9][0-9]{0,5})"?[ \t]*(?:;|,|$)')

ERRORS_FROM: Final = 400
"""RFC 9110 §15."""

_TOO_MUCH: Final = frozenset({Reason.UPSTREAM_BUSY, Reason.UPSTREAM_TIMEOUT})


class Pressure(msgspec.Struct, frozen=True):
    """What one upstream's line holds at this moment, in one worker."""

    upstream: str
    """`api/version`."""
    limit: int
    in_flight: int
    waiting: int


class Lines:
    """The lines to all upstreams. They outlive the policy that made them: what was learned of an upstream stays true."""

    def __init__(self) -> None:
        """Begin without any."""
        self._lines: dict[str, tuple[str, Line]] = {}

    def to(self, operation: Operation) -> Line | None:
        """Return the line to an operation's upstream; None where the policy wants none. Another URL is another upstream."""
        upstream = operation.upstream
        if upstream.overload.limit == "off":
            return None
        url, line = self._lines.get(operation.upstream_name, ("", None))
        if line is None or url != upstream.url:
            line = Line(upstream.overload, upstream.max_connections)
            self._lines[operation.upstream_name] = upstream.url, line
        elif line.settings is not upstream.overload and line.settings != upstream.overload:
            line.follow(upstream.overload, upstream.max_connections)
        return line

    def keep(self, names: Collection[str]) -> None:
        """Forget the upstreams that a policy has no more."""
        self._lines = {name: line for name, line in self._lines.items() if name in names}

    def pressure(self) -> tuple[Pressure, ...]:
        """Return what each line holds."""
        return tuple(
            Pressure(name, line.gradient.limit, line.in_flight, line.waiting) for name, (_, line) in self._lines.items()
        )


class _Held(msgspec.Struct, frozen=True):
    line: Line
    ticket: Ticket
    operation: str


class Place:
    """A call's place at its upstream."""

    __slots__ = ("_held", "queued", "waited")

    def __init__(self, held: _Held | None = None, queued: Seconds = 0.0, *, waited: bool = False) -> None:
        """Hold a ticket that is in; None where nothing is counted."""
        self._held = held
        self.queued = queued
        """How long it waited."""
        self.waited = waited
        """Whether it waited at all, so that the time by which it was decided has passed."""

    def give_up(self) -> None:
        """Let the next one in, once or more often."""
        if self._held is not None:
            self._held.line.leave(self._held.ticket, monotonic_seconds())

    async def sending(self, forwarding: Awaitable[Response]) -> Response:
        """Forward the call, learn from how that went, and give the place up.  Raises what forwarding raises."""
        began, held = monotonic_seconds(), self._held
        try:
            response = await forwarding
        except NotSent:
            raise
        except Refused as why:
            if held is not None and why.reason in _TOO_MUCH:
                held.line.gradient.dropped(held.ticket.in_flight, monotonic_seconds())
            raise
        else:
            # what an API refuses, it often refuses at once: that tells nothing of its work
            if held is not None and response.status < ERRORS_FROM:
                now = monotonic_seconds()
                held.line.gradient.answered(held.operation, now - began, held.ticket.in_flight, now)
            return response
        finally:
            self.give_up()


def priority(operation: Operation, client: str) -> Priority:
    """Return what a call is worth when not all can be served."""
    if client in operation.upstream.overload.test_clients:
        return Priority.TEST
    if operation.demands.priority is not None:
        return Priority[operation.demands.priority.upper()]
    if operation.demands.link is not None:
        return Priority.PAYMENT
    return Priority.READ if operation.method in SAFE_METHODS else Priority.WRITE


def foresee(line: Line, worth: Priority) -> None:
    """Take nothing, and raise Refused OVERLOADED where a call would be turned away now."""
    if line.hopeless(worth):
        raise _refused(line, worth, "no room to wait")


async def take_place(screened: Screened, line: Line | None, worth: Priority, began: Seconds) -> Place:
    """Take a place at the upstream, or wait for one.

    Args:
        screened: the call.
        line: to its upstream; None: nobody counts.
        worth: what the call is worth.
        began: when the call came in, by a clock that never goes back.

    Raises:
        Refused: OVERLOADED, with `retry-after`. Nothing has been sent.
    """
    located = screened.valid.limited.authorized.identified.located
    name = located.operation.operation_id
    if line is None:
        return Place()
    now = monotonic_seconds()
    last = last_moment(located.request, began)
    if last <= now:
        raise _refused(line, worth, "the caller waits no longer")
    over = asyncio.get_running_loop().create_future()
    until = min(now + line.settings.wait_seconds, last - line.gradient.at_ease(name))
    ticket = line.come(worth, until, now, lambda: None if over.done() else over.set_result(None))
    waited = ticket.standing is Standing.WAITING
    if waited:
        try:
            async with asyncio.timeout(until - now):
                await over
        except TimeoutError:
            pass
        except asyncio.CancelledError:
            line.leave(ticket, monotonic_seconds())
            raise
    if (standing := ticket.standing) is not Standing.IN:
        line.leave(ticket, monotonic_seconds())
        raise _refused(line, worth, "turned away" if standing is Standing.TURNED_AWAY else "waited too long")
    return Place(_Held(line, ticket, name), monotonic_seconds() - now if waited else 0.0, waited=waited)


def still_good(token: AccessToken, now: Instant) -> None:
    """Check a token again after waiting.  Raises Refused TOKEN_EXPIRED."""
    if now >= token.expires_at:
        raise Refused(Reason.TOKEN_EXPIRED)


def last_moment(request: Request, began: Seconds) -> Seconds:
    """Return when the caller will have stopped waiting: `Prefer: wait=SECONDS`.  RFC 7240 §4.3."""
    for value in request.all_headers("prefer"):
        found = _WAIT.search(value)
        if found is not None:
            return began + int(found[1])
    return float("inf")


def _refused(line: Line, worth: Priority, why: str) -> Refused:
    told = f"{worth.word}: {why}; {line.in_flight} of {line.gradient.limit} under way, {line.waiting} waiting"
    seconds = RETRY_SECONDS[worth]
    return Refused(
        Reason.OVERLOADED,
        f"the API behind this address is at its limit; try again in {seconds} s",
        private=told,
        headers=(("retry-after", str(seconds)),),
    )
