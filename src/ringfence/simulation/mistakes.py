"""Honest mistakes: forgotten passwords, retries without end, releases that nobody tested, keys rotated on one side."""

from collections.abc import Callable, Generator, Iterator
from typing import Final

from ringfence.simulation.population import Customer, Partner, Population
from ringfence.simulation.rhythm import HOUR, hour_of_week, poisson
from ringfence.simulation.scribe import ACCOUNT, ACCOUNTS, BALANCES, NOWHERE, PAYMENT, TRANSACTIONS, Scribe, Told, Truth

_MISTYPED, _FORGOTTEN, _SECOND_FACTOR = 0.04, 0.01, 0.03
_STUBBORN: Final = 0.7
"""Chance that somebody who forgot a password tries once more."""
_A_WEEK: Final = 1 / (7 * 24)
_A_MONTH: Final = 1 / (30 * 24)
THROTTLED_AFTER: Final = 5
"""Wrong passwords after which the login page makes people wait."""


def failed(number: int) -> str:
    """Return why the n-th wrong password in a row is refused."""
    return "login-failed" if number <= THROTTLED_AFTER else "login-throttled"


def before_login(at: float, customer: Customer, network: str, scribe: Scribe) -> Generator[Told, None, float]:
    """Tell what goes wrong before a login succeeds, and return when it does."""
    rng = scribe.rng
    if rng.random() < _MISTYPED:
        yield scribe.login(at, customer.name_hash, network, "login-failed")
        at += 5 + rng.expovariate(0.1)
    elif rng.random() < _FORGOTTEN:
        tries, truth = 1, Truth(mistake="forgotten-password")
        while True:
            yield scribe.login(at, customer.name_hash, network, failed(tries), truth=truth)
            at += 8 + rng.expovariate(1 / 20)
            if rng.random() > _STUBBORN:
                break
            tries += 1
        at += rng.uniform(60, 600)  # the way through "forgot your password?"
    if rng.random() < _SECOND_FACTOR:
        yield scribe.login(at, customer.name_hash, network, "second-factor")
        at += 10 + rng.expovariate(1 / 15)
    return at


def hour(hour: int, population: Population, scribe: Scribe) -> Iterator[Told]:
    """Return the mistakes of machines that begin in an hour."""
    rng, begins = scribe.rng, hour * HOUR
    for _ in range(poisson(len(population.customers) * _A_MONTH / 60, rng)):
        yield from _stored_password(begins, rng.choice(population.customers), scribe)
    for partner in population.partners:
        if not partner.customers:
            continue
        for chance, mistake in _OF_PARTNERS:
            if rng.random() < chance:
                yield from mistake(begins + rng.random() * HOUR, partner, scribe)
    if rng.random() < _A_MONTH * hour_of_week(hour):
        yield from _own_release(begins, population, scribe)


def _stored_password(at: float, customer: Customer, scribe: Scribe) -> Iterator[Told]:
    """A device that goes on logging in with the password from before the change."""
    truth = Truth(mistake="stored-password")
    for number in range(scribe.rng.randrange(5, 40)):
        yield scribe.login(at + number * 60, customer.name_hash, customer.home, failed(number + 1), truth=truth)


def _own_release(at: float, population: Population, scribe: Scribe) -> Iterator[Told]:
    """A release of the bank's own app that mangles passwords, for an hour, until it is taken back."""
    truth, rng = Truth(mistake="own-release"), scribe.rng
    for customer in population.customers:
        for _ in range(poisson(customer.sessions_a_day / 12, rng)):
            begins = at + rng.random() * HOUR
            for number in range(rng.randrange(1, 4)):
                yield scribe.login(
                    begins + number * 20, customer.name_hash, customer.at_home(rng), "login-failed", truth=truth
                )


def _who(partner: Partner, scribe: Scribe) -> tuple[str, str, str]:
    customer = scribe.rng.choice(partner.customers)
    return partner.client, customer.user, f"{customer.grant}-{partner.client}"


def _bad_release(at: float, partner: Partner, scribe: Scribe) -> Iterator[Told]:
    """A release that sends what no schema takes, until somebody looks: mostly one fault, some in its wake."""
    truth, rng = Truth(mistake="bad-release"), scribe.rng
    for _ in range(rng.randrange(40, 200)):
        at += rng.expovariate(1 / 10)
        reason = "body-invalid" if rng.random() < 0.9 else rng.choice(("parameter-unknown", "media-type"))  # noqa: PLR2004
        yield scribe.call(
            at, PAYMENT, rng.choice(partner.servers), who=_who(partner, scribe), reason=reason, truth=truth
        )


def _stale_accounts(at: float, partner: Partner, scribe: Scribe) -> Iterator[Told]:
    """A partner restored an old backup, and asks for accounts that are closed."""
    truth, rng = Truth(mistake="stale-accounts"), scribe.rng
    for _ in range(rng.randrange(10, 80)):
        at += rng.expovariate(1 / 4)
        yield scribe.call(at, ACCOUNT, rng.choice(partner.servers), who=_who(partner, scribe), status=404, truth=truth)


def _retry_storm(at: float, partner: Partner, scribe: Scribe) -> Iterator[Told]:
    """The bank is away for minutes; the partner tries at once again, and again, until it is over its limit."""
    truth, rng = Truth(mistake="retry-storm"), scribe.rng
    ends = at + rng.uniform(60, 600)
    while at < ends:
        at += rng.expovariate(1.0)
        reason = "rate-limited" if rng.random() < 0.45 else "upstream-unreachable"  # noqa: PLR2004
        yield scribe.call(
            at, BALANCES, rng.choice(partner.servers), who=_who(partner, scribe), reason=reason, truth=truth
        )


def _resent_proofs(at: float, partner: Partner, scribe: Scribe) -> Iterator[Told]:
    """A client library that repeats a timed-out call with the proof of the first."""
    truth, who = Truth(mistake="resent-proofs"), _who(partner, scribe)
    for number in range(scribe.rng.randrange(1, 4)):
        network = scribe.rng.choice(partner.servers)
        yield scribe.call(at + number * 2, TRANSACTIONS, network, reason="proof-replayed", truth=truth, who=who)


def _new_key_old_tokens(at: float, partner: Partner, scribe: Scribe) -> Iterator[Told]:
    """A server restarted with a new DPoP key, and still has tokens that are bound to the old one."""
    truth, rng = Truth(mistake="new-key-old-tokens"), scribe.rng
    for _ in range(rng.randrange(1, 12)):
        at += rng.expovariate(1 / 5)
        yield scribe.call(at, ACCOUNTS, partner.servers[0], reason="proof-key", truth=truth)


def _keys_on_one_side(at: float, partner: Partner, scribe: Scribe) -> Iterator[Told]:
    """A partner signs its assertions with a key that it has not published yet."""
    truth, rng = Truth(mistake="keys-on-one-side"), scribe.rng
    for _ in range(rng.randrange(3, 40)):
        at += rng.expovariate(1 / 15)
        yield scribe.token(at, rng.choice(partner.servers), (partner.client, "", ""), "assertion-invalid", truth)


def _old_paths(at: float, partner: Partner, scribe: Scribe) -> Iterator[Told]:
    """A client that still calls the version that was taken away, a few paths of it."""
    truth = Truth(mistake="old-paths")
    for number in range(scribe.rng.randrange(2, 9)):
        yield scribe.call(
            at + number * 3, NOWHERE, partner.servers[0], reason="unknown-path", path=f"/v0/{number}", truth=truth
        )


def _wrong_scope(at: float, partner: Partner, scribe: Scribe) -> Iterator[Told]:
    """A feature switched on before its scope was asked for."""
    truth = Truth(mistake="wrong-scope")
    for number in range(scribe.rng.randrange(5, 60)):
        operation = scribe.rng.choice((PAYMENT, TRANSACTIONS))
        yield scribe.call(
            at + number * 11,
            operation,
            partner.servers[0],
            who=_who(partner, scribe),
            reason="scope-missing",
            truth=truth,
        )


_OF_PARTNERS: Final[tuple[tuple[float, Callable[[float, Partner, Scribe], Iterator[Told]]], ...]] = (
    (_A_MONTH, _bad_release),
    (_A_MONTH, _stale_accounts),
    (_A_MONTH, _retry_storm),
    (_A_WEEK, _resent_proofs),
    (_A_WEEK, _new_key_old_tokens),
    (_A_MONTH, _keys_on_one_side),
    (_A_WEEK, _old_paths),
    (_A_MONTH, _wrong_scope),
)
