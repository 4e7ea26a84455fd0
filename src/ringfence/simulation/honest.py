"""What honest customers and partners do in an hour: sessions with their grammar, refreshes on a schedule."""

from collections.abc import Iterator
from typing import Final

from ringfence.simulation import mistakes
from ringfence.simulation.devices import has_a_new_phone
from ringfence.simulation.population import OWN_APP, VPN_EXITS, Customer, Partner, Population
from ringfence.simulation.rhythm import HOUR, busy, hour_of_week, next_noise, poisson
from ringfence.simulation.scribe import ACCOUNT, ACCOUNTS, BALANCES, PAYMENT, TRANSACTIONS, Scribe, Told

REFRESHES_A_DAY: Final = 4
"""How often a partner looks at each of its customers."""
_MOVES, _PAYS, _CLOSED, _EXPIRED, _CONSENTS = 0.04, 0.25, 0.02, 0.01, 0.002
_READS_LIKE_AN_ATTACK: Final = 0.001
"""Of payments, those whose reference the screening takes for injection: 0.06 % of sentences, and some to spare."""
_BETWEEN: Final = 8.0
"""Seconds between two calls of a session, on average."""


class HonestTraffic:
    """The honest part of the world, hour by hour."""

    def __init__(self, population: Population, scribe: Scribe) -> None:
        """Begin with everybody's noise at rest."""
        self._population = population
        self._scribe = scribe
        self._noise = [0.0] * len(population.customers)

    def hour(self, hour: int) -> Iterator[Told]:
        """Return what begins in an hour, in no order; what begins late may end in the next."""
        rng, usual = self._scribe.rng, hour_of_week(hour) / 24
        for number, customer in enumerate(self._population.customers):
            self._noise[number] = noise = next_noise(self._noise[number], rng)
            for _ in range(poisson(customer.sessions_a_day * usual * busy(noise), rng)):
                yield from self._session((hour + rng.random()) * HOUR, customer)
        for partner in self._population.partners:
            for customer in partner.customers:
                if rng.random() < REFRESHES_A_DAY / 24:
                    yield from self._refresh((hour + rng.random()) * HOUR, partner, customer)
        yield from mistakes.hour(hour, self._population, self._scribe)

    def _session(self, at: float, customer: Customer) -> Iterator[Told]:
        scribe, rng = self._scribe, self._scribe.rng
        hour = int(at // HOUR)
        network = customer.network(hour % 24, hour // 24 % 7 < 5, rng)  # noqa: PLR2004 - Monday to Friday
        who = (OWN_APP, customer.user, customer.grant)
        at = yield from mistakes.before_login(at, customer, network, scribe)
        yield scribe.login(at, customer.name_hash, network, user=customer.user)
        at += 1 + rng.random()
        yield scribe.token(at, network, who)
        if has_a_new_phone(customer.user, at):
            yield scribe.enrol(at + 60, customer.user, network)
        if rng.random() < _CONSENTS:
            yield scribe.consent(at + 30, who)
        steps = [ACCOUNTS, BALANCES] + [rng.choice((ACCOUNT, TRANSACTIONS)) for _ in range(poisson(2.0, rng))]
        if rng.random() < _PAYS:
            steps.append(PAYMENT)
        for operation in steps:
            at += rng.expovariate(1 / _BETWEEN)
            if rng.random() < _MOVES:  # out of the house, into the train, through the VPN's next exit
                network = rng.choice(VPN_EXITS) if customer.vpn else rng.choice((customer.carrier, customer.home))
            reason = "suspicious-text" if operation is PAYMENT and rng.random() < _READS_LIKE_AN_ATTACK else ""
            yield scribe.call(at, operation, network, who=who, reason=reason)

    def _refresh(self, at: float, partner: Partner, customer: Customer) -> Iterator[Told]:
        scribe, rng = self._scribe, self._scribe.rng
        who = (partner.client, customer.user, f"{customer.grant}-{partner.client}")
        network = rng.choice(partner.servers)
        if rng.random() < _EXPIRED:
            yield scribe.call(at, ACCOUNTS, network, reason="token-expired")
        yield scribe.token(at + 0.3, network, who)
        for number, operation in enumerate((ACCOUNTS, BALANCES, TRANSACTIONS)):
            closed = operation is not ACCOUNTS and rng.random() < _CLOSED
            yield scribe.call(at + 0.5 + number * 0.2, operation, network, who=who, status=404 if closed else 0)
