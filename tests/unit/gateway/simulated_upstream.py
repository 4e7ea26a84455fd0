"""An upstream in simulated time: so many calls at once, each so long, the others wait inside it. Callers do not relent."""

import heapq
import random
from collections import Counter, deque
from collections.abc import Callable

from ringfence.gateway.line import Line, Priority, Standing, Ticket
from ringfence.policy.overload_model import Overload

PATIENCE = 2.0
"""Seconds after which a caller has no use for an answer."""


class Simulation:
    """A line and an upstream. Time moves in `run` alone."""

    def __init__(self, settings: Overload, *, capacity: int, seconds: float, most: int = 400, seed: int = 1) -> None:
        self.line = Line(settings, most)
        self.capacity, self.seconds, self.now = capacity, seconds, 0.0
        self.chosen = random.Random(seed)
        self.service: Callable[[str], float] = lambda _operation: self.seconds
        self.done: Counter[Priority] = Counter()
        """Answers that came in time."""
        self.shed: Counter[Priority] = Counter()
        self.most_in_flight_over_limit = 0
        self.limits: list[int] = []
        self._busy = 0
        self._inside: deque[tuple[Callable[[], None], str]] = deque()
        self._coming: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def at(self, when: float, what: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._coming, (when, self._count, what))

    def run(self, seconds: float, rate: float, mix: dict[Priority, float] | None = None, operation: str = "op") -> None:
        """Let `rate` calls a second come, by chance, for so long; `mix` is the share of each priority."""
        end, shares = self.now + seconds, mix or {Priority.READ: 1.0}
        self.done, self.shed, self.limits = Counter(), Counter(), []

        def next_call() -> None:
            if self.now < end:
                worth = self.chosen.choices(list(shares), list(shares.values()))[0]
                self.call(worth, operation)
                self.at(self.now + self.chosen.expovariate(rate), next_call)

        if rate:
            self.at(self.now, next_call)
        while self._coming and self._coming[0][0] < end:
            self.now, _, what = heapq.heappop(self._coming)
            what()
            self.limits.append(self.line.gradient.limit)
        self.now = end

    def call(self, worth: Priority, operation: str = "op") -> Ticket:
        came = self.now
        tickets: list[Ticket] = []

        def wake() -> None:
            self._settled(tickets[0], came, operation)

        ticket = self.line.come(worth, came + self.line.settings.wait_seconds, came, wake)
        tickets.append(ticket)
        if ticket.standing is Standing.WAITING:
            self.at(came + self.line.settings.wait_seconds, lambda: self._tired(ticket))
        else:
            self._settled(ticket, came, operation)
        return ticket

    def _tired(self, ticket: Ticket) -> None:
        if ticket.standing is Standing.WAITING:
            self.line.leave(ticket, self.now)
            self.shed[ticket.priority] += 1

    def _settled(self, ticket: Ticket, came: float, operation: str) -> None:
        if ticket.standing is not Standing.IN:
            self.shed[ticket.priority] += 1
            return
        over = self.line.in_flight - self.line.gradient.limit
        self.most_in_flight_over_limit = max(self.most_in_flight_over_limit, over)
        sent = self.now

        def answered() -> None:
            self.line.gradient.answered(operation, self.now - sent, ticket.in_flight, self.now)
            self.line.leave(ticket, self.now)
            if self.now - came <= PATIENCE:
                self.done[ticket.priority] += 1

        self._inside.append((answered, operation))
        self._serve()

    def _serve(self) -> None:
        """Serve who waits inside the upstream: first come, first served."""
        while self._busy < self.capacity and self._inside:
            answered, operation = self._inside.popleft()
            self._busy += 1

            def over(answered: Callable[[], None] = answered) -> None:
                self._busy -= 1
                answered()
                self._serve()

            self.at(self.now + self.service(operation), over)
