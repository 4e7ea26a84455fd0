"""What an attack is drawn from: its form, its sources and the time between two tries."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

from ringfence.simulation.population import Population
from ringfence.simulation.scribe import Scribe, Truth

T = TypeVar("T")
Form = Literal["easy", "slow", "distributed"]
FORMS: Final[tuple[Form, ...]] = ("easy", "slow", "distributed")


@dataclass(frozen=True, slots=True)
class Plan:
    """One attack: when it begins, in which form, on whom."""

    at: float
    form: Form
    population: Population
    scribe: Scribe
    truth: Truth

    @property
    def rng(self) -> random.Random:
        """Return the source of everything that is left open."""
        return self.scribe.rng

    def pick(self, easy: T, slow: T, distributed: T) -> T:
        """Return what goes with the form."""
        return {"easy": easy, "slow": slow, "distributed": distributed}[self.form]

    def sources(self, fewest: int, most: int) -> list[str]:
        """Return the attacker's addresses: one, or in the distributed form that many, each in its own neighbourhood."""
        count = self.rng.randint(fewest, most) if self.form == "distributed" else 1
        return [
            f"{self.rng.randrange(240, 255)}.{self.rng.randrange(256)}.{self.rng.randrange(256)}.{self.rng.randrange(1, 255)}"
            for _ in range(count)
        ]

    def partners(self, fewest: int, most: int) -> list[str]:
        """Return the clients that attack: one, or in the distributed form that many; all of them new."""
        count = self.rng.randint(fewest, most) if self.form == "distributed" else 1
        return [f"rogue-{self.truth.number}-{n}" for n in range(count)]

    def times(self, count: int, shortest: float, longest: float) -> Iterator[float]:
        """Return that many times; the pace is drawn once, each step varies by half around it."""
        pace, at = self.rng.uniform(shortest, longest), self.at
        for _ in range(count):
            yield at
            at += pace * self.rng.uniform(0.5, 1.5)
