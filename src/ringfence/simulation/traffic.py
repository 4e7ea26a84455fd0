"""Put honest traffic and attacks together, in the order of their times."""

import heapq
import itertools
import random
from collections.abc import Callable, Iterator
from typing import Final

from ringfence.simulation import abuse, guessing, takeover
from ringfence.simulation.honest import HonestTraffic
from ringfence.simulation.plan import Form, Plan
from ringfence.simulation.population import Population, populate
from ringfence.simulation.rhythm import DAY, HOUR
from ringfence.simulation.scribe import Scribe, Told, Truth

START: Final = 1_800_230_400.0
"""Monday, 18 January 2027, 00:00 UTC: where the week of the cycle begins."""

ATTACKS: Final[dict[str, Callable[[Plan], Iterator[Told]]]] = {
    "brute-force": guessing.brute_force,
    "stuffing": guessing.stuffing,
    "spray": guessing.spray,
    "second-factor": guessing.second_factor,
    "stolen-token": abuse.stolen_token,
    "token-in-two-places": abuse.token_in_two_places,
    "object-probing": abuse.object_probing,
    "path-probing": abuse.path_probing,
    "injection": abuse.injection,
    "limit-pushing": abuse.limit_pushing,
    "bulk-reading": abuse.bulk_reading,
    "account-takeover": takeover.account_takeover,
    "partner-takeover": takeover.partner_takeover,
    "object-counting": takeover.object_counting,
}


class Simulation:
    """One made-up world; the same seed makes the same one, event for event."""

    def __init__(self, entities: int, rng: random.Random, start: float = START) -> None:
        """Make the population."""
        self.population: Population = populate(entities, rng)
        self.scribe = Scribe(rng, start)

    def attack(self, name: str, form: Form, at: float, number: int = 1) -> list[Told]:
        """Return one attack that begins `at` seconds after the start, in order."""
        truth = Truth(attack=name, form=form, number=number)
        return sorted(ATTACKS[name](Plan(at, form, self.population, self.scribe, truth)), key=lambda told: told.at)

    def run(self, days: float, attacks: list[list[Told]], first_hour: int = 0) -> Iterator[Told]:
        """Return all that happens in `days` from an hour of the week on, in order, attacks to their end."""
        honest = HonestTraffic(self.population, self.scribe)
        until = first_hour + max(1, round(days * DAY / HOUR))
        return heapq.merge(self._in_order(honest, first_hour, until), *attacks, key=lambda told: told.at)

    def _in_order(self, honest: HonestTraffic, first: int, until: int) -> Iterator[Told]:
        waiting: list[Told] = []
        for hour in range(first, until):
            waiting.extend(honest.hour(hour))
            waiting.sort(key=lambda told: told.at)
            ends = (hour + 1) * HOUR
            now = list(itertools.takewhile(lambda told, ends=ends: told.at < ends, waiting))  # type: ignore[misc]
            yield from now
            del waiting[: len(now)]
        yield from waiting
