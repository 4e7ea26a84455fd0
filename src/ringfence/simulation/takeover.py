"""Attacks by whoever has got in: accounts taken over, a partner's keys in other hands, objects counted through.  OWASP API2:2023."""

from collections.abc import Iterator

from ringfence.simulation.plan import Plan
from ringfence.simulation.population import OWN_APP
from ringfence.simulation.scribe import ACCOUNT, ACCOUNTS, PAYMENT, Told


def account_takeover(plan: Plan) -> Iterator[Told]:
    """Log in with passwords that were phished, enrol an authenticator and pay somebody new; slowly, after a wait."""
    rng, at = plan.rng, plan.at
    wait = plan.pick((60, 600), (1_500, 10_800), (60, 600))
    for source in plan.sources(3, 10):
        for victim in rng.sample(plan.population.customers, min(3, len(plan.population.customers))):
            at += rng.uniform(10, 600)
            yield plan.scribe.login(at, victim.name_hash, source, user=victim.user, truth=plan.truth)
            later = at + rng.uniform(*wait)
            yield plan.scribe.enrol(later, victim.user, source, truth=plan.truth)
            who = (OWN_APP, victim.user, victim.grant)
            yield plan.scribe.call(later + 60, PAYMENT, source, who=who, payee="new", truth=plan.truth)


def partner_takeover(plan: Plan) -> Iterator[Told]:
    """Use a partner's own keys from elsewhere, for what that partner never does; slowly, looking around for days first."""
    rng, partners = plan.rng, list(plan.population.partners)
    taken = rng.sample(partners, min(len(partners), rng.randint(2, 4) if plan.form == "distributed" else 1))
    for partner in taken:
        source, at = plan.sources(1, 1)[0], plan.at
        customers = partner.customers or plan.population.customers
        for _ in range(rng.randint(5, 20)):
            at += rng.uniform(*plan.pick((1, 30), (1_800, 7_200), (1, 30)))
            victim = rng.choice(customers)
            who = (partner.client, victim.user, f"{victim.grant}-{partner.client}")
            yield plan.scribe.call(at, ACCOUNTS, source, who=who, truth=plan.truth)
        at += plan.pick(60, 172_800, 60)
        yield plan.scribe.call(at, PAYMENT, source, who=who, truth=plan.truth)


def object_counting(plan: Plan) -> Iterator[Told]:
    """Count through identifiers of which most exist and may be seen, so that refusals stay few."""
    rng, partners = plan.rng, plan.partners(5, 15)
    source, wrong = plan.sources(1, 1)[0], rng.uniform(0.2, 0.45)
    for at in plan.times(rng.randint(150, 600), *plan.pick((0.3, 2.5), (30, 300), (0.3, 2.5))):
        who = (rng.choice(partners), "user-thief", "grant-thief")
        reason = "object-not-granted" if rng.random() < wrong else ""
        yield plan.scribe.call(at, ACCOUNT, source, who=who, reason=reason, truth=plan.truth)
