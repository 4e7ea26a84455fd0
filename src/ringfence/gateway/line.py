"""Who goes on to an upstream, who waits and who is turned away: places, a short queue, four priorities.

Whoever is worth more goes first; a full queue turns the least of it away, and of equals the last to come. What has
waited past its time is never let in. Nothing here waits or reads a clock.
"""

from collections import deque
from collections.abc import Callable
from enum import IntEnum
from typing import Final

from ringfence.clock import Seconds
from ringfence.gateway.gradient import Gradient
from ringfence.policy.overload_model import Overload


class Priority(IntEnum):
    """What is refused first comes first."""

    TEST = 0
    READ = 1
    WRITE = 2
    PAYMENT = 3

    @property
    def word(self) -> str:
        """The name in policy and events."""
        return self.name.lower()


class Standing(IntEnum):
    """Where a call stands."""

    WAITING = 0
    IN = 1
    """It has a place."""
    TURNED_AWAY = 2
    """For one that is worth more, or because there was no room."""
    EXPIRED = 3
    OUT = 4
    """It has left."""


class Ticket:
    """One call at the line."""

    __slots__ = ("in_flight", "priority", "standing", "until", "wake")

    def __init__(self, priority: Priority, until: Seconds, wake: Callable[[], None]) -> None:
        """Wait until `until` at most; `wake` is called when that is over, whatever came of it."""
        self.priority = priority
        self.until = until
        self.wake = wake
        self.standing = Standing.WAITING
        self.in_flight = 0
        """Calls that were under way when it was let in, itself included."""


class Line:
    """The calls of one process to one upstream. Times are of a clock that never goes back, in seconds."""

    def __init__(self, settings: Overload, most: int) -> None:
        """Begin empty; `most` calls at once are never exceeded."""
        self.gradient: Final = Gradient(settings, most)
        self.in_flight = 0
        self.waiting = 0
        """Calls in the queue."""
        self._settings = settings
        self._queues: tuple[deque[Ticket], ...] = tuple(deque() for _ in Priority)

    def follow(self, settings: Overload, most: int) -> None:
        """Go on by other settings; who waits, waits on."""
        self._settings = settings
        self.gradient.follow(settings, most)

    @property
    def settings(self) -> Overload:
        """What the policy says."""
        return self._settings

    def hopeless(self, priority: Priority) -> bool:
        """Say whether a call that came now would be turned away."""
        if self._free(priority) or self.waiting < self._settings.waiting:
            return False
        return not any(self._queues[:priority])

    def come(self, priority: Priority, until: Seconds, now: Seconds, wake: Callable[[], None]) -> Ticket:
        """Return the ticket of a call: in, waiting or turned away.

        Args:
            priority: what it is worth.
            until: when it has waited long enough.
            now: the present.
            wake: called when waiting is over; not before this returns.
        """
        ticket = Ticket(priority, until, wake)
        if self._free(priority):
            self._let_in(ticket)
        elif until <= now:
            ticket.standing = Standing.EXPIRED
        elif self.waiting < self._settings.waiting or self._make_room(priority):
            self._queues[priority].append(ticket)
            self.waiting += 1
        else:
            ticket.standing = Standing.TURNED_AWAY
        return ticket

    def leave(self, ticket: Ticket, now: Seconds) -> None:
        """Take a call out, wherever it stands; once or more often."""
        was, ticket.standing = ticket.standing, Standing.OUT
        if was is Standing.WAITING:
            self._queues[ticket.priority].remove(ticket)
            self.waiting -= 1
        elif was is Standing.IN:
            self.in_flight -= 1
            self.move_up(now)

    def move_up(self, now: Seconds) -> None:
        """Let in who waits, as far as there are places."""
        while self.waiting and self.in_flight < self.gradient.limit:
            ticket = self._next()
            if ticket.until <= now:
                ticket.standing = Standing.EXPIRED
            else:
                self._let_in(ticket)
            ticket.wake()

    def _free(self, priority: Priority) -> bool:
        """Say whether there is a place, and nobody waits for it who is worth as much."""
        return self.in_flight < self.gradient.limit and not (self.waiting and any(self._queues[priority:]))

    def _let_in(self, ticket: Ticket) -> None:
        self.in_flight += 1
        ticket.in_flight = self.in_flight
        ticket.standing = Standing.IN

    def _next(self) -> Ticket:
        """Take out who goes next. Somebody waits."""
        self.waiting -= 1
        return next(queue for queue in reversed(self._queues) if queue).popleft()

    def _make_room(self, priority: Priority) -> bool:
        """Turn away the last of those worth least, if they are worth less than `priority`."""
        for queue in self._queues[:priority]:
            if queue:
                ticket = queue.pop()
                self.waiting -= 1
                ticket.standing = Standing.TURNED_AWAY
                ticket.wake()
                return True
        return False
