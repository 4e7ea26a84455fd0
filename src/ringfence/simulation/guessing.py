"""Attacks at the login page: guessing one password, trying stolen ones, one on many accounts, the second factor.  OWASP API2:2023."""

from collections.abc import Iterator

from ringfence.simulation.mistakes import failed
from ringfence.simulation.plan import Plan
from ringfence.simulation.scribe import Told


def brute_force(plan: Plan) -> Iterator[Told]:
    """Guess one customer's password."""
    rng, victim = plan.rng, plan.rng.choice(plan.population.customers)
    sources = plan.sources(10, 60)
    count, pace = rng.randint(20, 200), plan.pick((1, 10), (90, 600), (5, 30))
    for number, at in enumerate(plan.times(count, *pace), 1):
        yield plan.scribe.login(at, victim.name_hash, rng.choice(sources), failed(number), truth=plan.truth)


def stuffing(plan: Plan) -> Iterator[Told]:
    """Try a list of stolen names and passwords, each once; one in a hundred is right."""
    rng, sources = plan.rng, plan.sources(30, 300)
    pace = plan.pick((0.2, 3), (60, 300), (0.5, 5))
    for at in plan.times(rng.randint(60, 600), *pace):
        right = rng.random() < 0.01  # noqa: PLR2004
        yield plan.scribe.login(
            at,
            f"{rng.getrandbits(256):064x}",
            rng.choice(sources),
            "" if right else "login-failed",
            user="user-stuffed" if right else "",
            truth=plan.truth,
        )


def spray(plan: Plan) -> Iterator[Told]:
    """Try a few usual passwords on many accounts, one password a round."""
    rng, sources = plan.rng, plan.sources(25, 100)
    targets = [f"{rng.getrandbits(256):064x}" for _ in range(rng.randint(*plan.pick((10, 40), (20, 60), (40, 120))))]
    rounds = rng.randint(3, 6)
    pace, pause = plan.pick((0.5, 5), (60, 200), (1, 6)), plan.pick((10, 120), (3_600, 14_400), (60, 600))
    begins = 0.0
    for _ in range(rounds):
        for at, target in zip(plan.times(len(targets), *pace), targets, strict=True):
            yield plan.scribe.login(begins + at, target, rng.choice(sources), "login-failed", truth=plan.truth)
            last = begins + at
        begins = last - plan.at + rng.uniform(*pause)


def second_factor(plan: Plan) -> Iterator[Told]:
    """Guess the one-time code of a customer whose password is known."""
    rng, victim = plan.rng, plan.rng.choice(plan.population.customers)
    sources, pace = plan.sources(10, 40), plan.pick((2, 15), (180, 1_200), (5, 30))
    for at in plan.times(rng.randint(10, 60), *pace):
        yield plan.scribe.login(at, victim.name_hash, rng.choice(sources), "second-factor", truth=plan.truth)
