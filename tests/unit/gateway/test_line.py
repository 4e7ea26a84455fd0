"""Places, the queue, and who is turned away."""

from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from simulated_upstream import Simulation

from ringfence.gateway.line import Line, Priority, Standing, Ticket
from ringfence.policy.overload_model import Overload

TEST, READ, WRITE, PAYMENT = Priority


def line(places: int, waiting: int) -> Line:
    return Line(Overload(begin=places, least=places, waiting=waiting), places)


def come(at: Line, worth: Priority, now: float = 0.0, until: float = 1.0) -> Ticket:
    return at.come(worth, until, now, lambda: None)


def test_the_queue_is_short_and_what_is_worth_least_leaves_it_first() -> None:
    at = line(1, 2)
    inside = come(at, TEST)
    reads = [come(at, READ), come(at, READ)]
    assert at.hopeless(READ)
    assert not at.hopeless(WRITE)
    assert come(at, READ).standing is Standing.TURNED_AWAY
    write, payment = come(at, WRITE), come(at, PAYMENT)
    assert [read.standing for read in reads] == [Standing.TURNED_AWAY] * 2
    assert at.hopeless(WRITE)
    assert come(at, WRITE).standing is Standing.TURNED_AWAY
    at.leave(inside, 0.1)
    assert (payment.standing, write.standing) == (Standing.IN, Standing.WAITING)


def test_the_last_of_equals_makes_room() -> None:
    at = line(1, 2)
    come(at, READ)
    first, second = come(at, READ), come(at, READ)
    come(at, WRITE)
    assert (first.standing, second.standing) == (Standing.WAITING, Standing.TURNED_AWAY)


def test_what_has_waited_too_long_is_not_let_in() -> None:
    at = line(1, 5)
    inside = come(at, READ)
    late, good = come(at, READ, until=1.0), come(at, READ, until=3.0)
    at.leave(inside, 2.0)
    assert (late.standing, good.standing) == (Standing.EXPIRED, Standing.IN)
    assert come(at, READ, now=2.0, until=2.0).standing is Standing.EXPIRED
    assert at.in_flight == 1


def test_nobody_who_comes_passes_who_waits() -> None:
    at = line(2, 5)
    inside = [come(at, READ), come(at, READ)]
    waits = come(at, READ)
    at.gradient.follow(Overload(begin=2, least=3), 3)  # there is a third place, and nobody has moved up yet
    assert come(at, READ).standing is Standing.WAITING
    assert come(at, WRITE).standing is Standing.IN
    at.leave(inside[0], 0.1)
    assert waits.standing is Standing.IN


def test_a_place_is_given_up_once() -> None:
    at = line(1, 1)
    one = come(at, READ)
    for _ in range(3):
        at.leave(one, 0.0)
    assert at.in_flight == 0


@pytest.mark.parametrize("worth", [WRITE, PAYMENT])
def test_no_write_is_shed_while_reads_and_tests_alone_are_too_many(worth: Priority) -> None:
    """What is worth more is served whole as long as the upstream could do that much of it."""
    simulation = Simulation(Overload(), capacity=20, seconds=0.05)
    simulation.run(5, 200)
    simulation.run(20, 2000, {TEST: 0.2, READ: 0.7, worth: 0.1})
    assert simulation.shed[worth] == 0
    assert simulation.done[READ] > 0
    assert simulation.done[TEST] / (simulation.done[TEST] + simulation.shed[TEST]) < 0.01


def test_payments_go_before_other_writes() -> None:
    simulation = Simulation(Overload(), capacity=20, seconds=0.05)
    simulation.run(5, 200)
    simulation.run(10, 2000, {READ: 0.3, WRITE: 0.6, PAYMENT: 0.1})
    assert simulation.shed[PAYMENT] == 0
    assert simulation.done[READ] < 0.05 * simulation.shed[READ]
    assert simulation.done[WRITE] > 1000


class AnyOrder(RuleBasedStateMachine):
    """Calls come and leave, answers come, settings change, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.settings = Overload(begin=4, least=2, waiting=3)
        self.line = Line(self.settings, 8)
        self.tickets: list[Ticket] = []

    @rule(worth=st.sampled_from(Priority), patience=st.floats(0, 3))
    def come(self, worth: Priority, patience: float) -> None:
        waiting, hopeless = self.waiting(), self.line.hopeless(worth)
        before = self.line.in_flight
        ticket = self.line.come(worth, self.now + patience, self.now, lambda: None)
        if ticket.standing is Standing.IN:
            assert before < self.line.gradient.limit
            assert ticket.in_flight == before + 1
            assert all(other.priority < worth for other in waiting)
        assert hopeless <= (ticket.standing in {Standing.TURNED_AWAY, Standing.EXPIRED})
        if ticket.standing is Standing.TURNED_AWAY:
            assert hopeless
        self.tickets.append(ticket)

    @rule(data=st.data(), seconds=st.floats(0, 1))
    def leave(self, data: Any, seconds: float) -> None:
        if self.tickets:
            self.now += seconds
            ticket = data.draw(st.sampled_from(self.tickets))
            waiting, was = self.waiting(), ticket.standing
            self.line.leave(ticket, self.now)
            let_in = [other for other in waiting if other.standing is Standing.IN]
            if was is Standing.IN and let_in:
                worth_least = min(other.priority for other in let_in)
                assert all(other.priority <= worth_least for other in self.waiting())
                assert all(other.until > self.now for other in let_in)

    @rule(seconds=st.floats(0.001, 5))
    def answers(self, seconds: float) -> None:
        for _ in range(25):
            self.now += 0.01
            self.line.gradient.answered("op", seconds, self.line.gradient.limit, self.now)

    @rule(least=st.integers(1, 6), most=st.integers(1, 12), room=st.integers(0, 4))
    def follow(self, least: int, most: int, room: int) -> None:
        self.settings = msgspec.structs.replace(self.settings, least=least, waiting=max(room, self.line.waiting))
        self.line.follow(self.settings, most)

    def waiting(self) -> list[Ticket]:
        return [ticket for ticket in self.tickets if ticket.standing is Standing.WAITING]

    @invariant()
    def counts(self) -> None:
        standing = [ticket.standing for ticket in self.tickets]
        assert self.line.in_flight == standing.count(Standing.IN) >= 0
        assert self.line.waiting == standing.count(Standing.WAITING) <= max(self.settings.waiting, 0)
        assert self.line.gradient.limit >= 1


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
