"""Attacks on the API: tokens that were copied, objects and paths that are tried, injection, limits, bulk reading.  OWASP API1:2023."""

from collections.abc import Iterator

from ringfence.simulation.plan import Plan
from ringfence.simulation.population import OWN_APP
from ringfence.simulation.scribe import ACCOUNT, ACCOUNTS, BALANCES, NOWHERE, PAYMENT, TRANSACTIONS, Told


def stolen_token(plan: Plan) -> Iterator[Told]:
    """Present a bound token without its key."""
    sources, pace = plan.sources(10, 60), plan.pick((1, 20), (900, 3_600), (5, 60))
    for at in plan.times(plan.rng.randint(5, 40), *pace):
        yield plan.scribe.call(at, ACCOUNTS, plan.rng.choice(sources), reason="proof-key", truth=plan.truth)


def token_in_two_places(plan: Plan) -> Iterator[Told]:
    """Use a customer's token with its key, copied from the device: easily through a few exits, slowly from one place."""
    rng, victim = plan.rng, plan.rng.choice(plan.population.customers)
    sources = plan.sources(20, 80)
    if plan.form == "easy":
        sources = [f"{rng.randrange(240, 255)}.{n}.{rng.randrange(256)}.9" for n in range(rng.randint(4, 8))]
    who, pace = (OWN_APP, victim.user, victim.grant), plan.pick((5, 30), (600, 3_600), (5, 60))
    for at in plan.times(rng.randint(20, 60), *pace):
        operation = rng.choice((ACCOUNTS, BALANCES, TRANSACTIONS))
        yield plan.scribe.call(at, operation, rng.choice(sources), who=who, truth=plan.truth)


def object_probing(plan: Plan) -> Iterator[Told]:
    """Ask for accounts of others by their numbers, between calls that are in order."""
    rng, partners = plan.rng, plan.partners(5, 15)
    pace, own = plan.pick((0.2, 3), (30, 300), (0.5, 5)), rng.uniform(0.0, 0.3)
    source = plan.sources(1, 1)[0]
    for at in plan.times(rng.randint(60, 400), *pace):
        who = (rng.choice(partners), "user-thief", "grant-thief")
        if rng.random() < own:
            yield plan.scribe.call(at, ACCOUNT, source, who=who, truth=plan.truth)
        elif rng.random() < 0.5:  # noqa: PLR2004
            yield plan.scribe.call(at, ACCOUNT, source, who=who, reason="object-not-granted", truth=plan.truth)
        else:
            yield plan.scribe.call(at, ACCOUNT, source, who=who, status=404, truth=plan.truth)


def path_probing(plan: Plan) -> Iterator[Told]:
    """Look for what is there and not documented."""
    rng, sources = plan.rng, plan.sources(20, 100)
    pace = plan.pick((0.05, 1), (15, 120), (0.05, 1))
    for number, at in enumerate(plan.times(rng.randint(30, 300), *pace)):
        yield plan.scribe.call(
            at, NOWHERE, rng.choice(sources), reason="unknown-path", path=f"/try/{number}", truth=plan.truth
        )


def injection(plan: Plan) -> Iterator[Told]:
    """Send texts that read like injection."""
    rng, partners = plan.rng, plan.partners(5, 15)
    source, pace = plan.sources(1, 1)[0], plan.pick((0.5, 10), (120, 900), (0.5, 10))
    for at in plan.times(rng.randint(10, 60), *pace):
        who = (rng.choice(partners), "user-thief", "grant-thief")
        yield plan.scribe.call(at, PAYMENT, source, who=who, reason="suspicious-text", truth=plan.truth)


def limit_pushing(plan: Plan) -> Iterator[Told]:
    """Call as fast as the limits let through, and faster."""
    rng, partners = plan.rng, plan.partners(5, 10)
    source, pace = plan.sources(1, 1)[0], plan.pick((0.05, 0.5), (3, 6), (0.05, 0.3))
    over = rng.uniform(*plan.pick((0.6, 0.95), (0.3, 0.6), (0.6, 0.95)))
    for at in plan.times(rng.randint(400, 2_000), *pace):
        who = (rng.choice(partners), "user-thief", "grant-thief")
        reason = "rate-limited" if rng.random() < over else ""
        yield plan.scribe.call(at, BALANCES, source, who=who, reason=reason, truth=plan.truth)


def bulk_reading(plan: Plan) -> Iterator[Told]:
    """Read everything that a client's grants cover, with pages as large as they come."""
    rng, partners = plan.rng, plan.partners(8, 16)
    pages = rng.randint(250, 1_000)
    source, pace = plan.sources(1, 1)[0], plan.pick((0.2, 3), (60, 240), (0.2, 3))
    for number, at in enumerate(plan.times(pages, *pace)):
        who = (rng.choice(partners), f"user-{number // 5:06d}", f"grant-read-{number // 5}")
        yield plan.scribe.call(at, TRANSACTIONS, source, who=who, size=rng.randint(250_000, 500_000), truth=plan.truth)
