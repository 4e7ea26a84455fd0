import random
from collections import Counter

from ringfence.events.logins import LoginDecided
from ringfence.problem import Reason
from ringfence.simulation.mistakes import before_login, failed, hour
from ringfence.simulation.population import populate
from ringfence.simulation.scribe import Scribe


def test_every_mistake_happens_in_a_month_and_has_a_name() -> None:
    rng = random.Random(21)
    population, scribe = populate(2000, rng), Scribe(rng, 0.0)
    told = [t for n in range(24 * 30 * 2) for t in hour(n, population, scribe)]
    found = Counter(t.truth.mistake for t in told if t.truth)
    assert set(found) == {
        "stored-password",
        "bad-release",
        "stale-accounts",
        "retry-storm",
        "resent-proofs",
        "new-key-old-tokens",
        "keys-on-one-side",
        "old-paths",
        "wrong-scope",
        "own-release",
    }
    assert all(t.truth is not None and not t.truth.attack for t in told)
    reasons = {reason for t in told if (reason := getattr(t.event, "reason", ""))}
    assert reasons <= {reason.value for reason in Reason}


def test_some_forget_their_password_and_few_try_long() -> None:
    rng = random.Random(22)
    (customer, *_), scribe = populate(20, rng).customers, Scribe(rng, 0.0)
    tries = []
    for _ in range(20_000):
        before = list(before_login(0.0, customer, "192.0.2.1", scribe))
        assert all(isinstance(t.event, LoginDecided) and not t.event.allowed for t in before)
        tries.append(sum(1 for t in before if t.truth))
    assert 0 < sum(n >= 8 for n in tries) < 60
    assert sum(n > 0 for n in tries) < 400


def test_waiting_is_told_after_the_fifth() -> None:
    assert [failed(n) for n in (1, 5, 6)] == ["login-failed", "login-failed", "login-throttled"]
