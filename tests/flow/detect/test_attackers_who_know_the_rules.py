"""What becomes of attackers who have read the catalogue: what still sees them, and what does not."""

import random
from collections.abc import Iterable

import pytest

from ringfence.clock import Instant
from ringfence.detect.alert import Alert
from ringfence.detect.engine import Engine
from ringfence.detect.load import in_force, shipped
from ringfence.detect.responses import Act, acts_for
from ringfence.events import CallDecided, Event, LoginDecided
from ringfence.events.tokens import TokenDecided
from ringfence.simulation.population import COMPANY
from ringfence.simulation.rhythm import HOUR
from ringfence.simulation.traffic import Simulation

START = 1_800_000_000.0
BLOCKING = ("brute-force", "credential-stuffing", "password-spray", "slow-stuffing")


def failed(at: float, user: str = "victim", network: str = "192.0.2.1", reason: str = "login-failed") -> LoginDecided:
    return LoginDecided(Instant(START + at), "c", allowed=False, username_hash=user, network=network, reason=reason)


def alerts(events: Iterable[Event], most_groups: int = 100_000) -> list[Alert]:
    engine = Engine(in_force(shipped(), dict.fromkeys(BLOCKING, "enforce")), most_groups)
    return [alert for position, event in enumerate(events, 1) for alert in engine.feed(position, event)]


def rules(events: Iterable[Event], most_groups: int = 100_000) -> set[str]:
    return {alert.rule for alert in alerts(events, most_groups)}


def acts(found: list[Alert]) -> set[Act]:
    by_id = {rule.rule.id: rule.rule for rule in in_force(shipped(), dict.fromkeys(BLOCKING, "enforce"))}
    return {act for alert in found for act in acts_for(by_id[alert.rule], alert, found)}


def test_slow_and_low_is_seen_down_to_a_pace_and_not_below() -> None:
    assert "slow-guessing" in rules(failed(n * 1200.0) for n in range(200)), "72 a day"
    assert rules(failed(n * 2400.0) for n in range(200)) == set(), "36 a day: the bound of what these rules see"


@pytest.mark.parametrize(("own", "seen"), [(0, True), (9, True), (12, False)])
def test_object_probing_hides_among_calls_that_are_in_order(own: int, seen: bool) -> None:
    def calls() -> Iterable[Event]:
        for n in range(400):
            denied = n % 20 >= own
            yield CallDecided(
                Instant(START + n),
                "c",
                "t",
                allowed=not denied,
                status=403 if denied else 200,
                reason="object-not-granted" if denied else "",
                client="rogue",
                operation="ReadAccount",
            )

    assert ("object-probing" in rules(calls())) is seen, "more than half must be denied: the bound of this rule"


@pytest.mark.parametrize("ending", ["::{n:x}", ":{n:x}::1", ":dead:beef:{n:x}:{n:x}"])
def test_addresses_of_one_ipv6_subscriber_are_one_network(ending: str) -> None:
    found = alerts(failed(n * 10.0, network="2001:db8:7:8" + ending.format(n=n + 1)) for n in range(12))
    assert [(a.rule, a.group["network"]) for a in found] == [("brute-force", "2001:db8:7:8::/64")]
    assert acts(found) == {Act("block", "network", "2001:db8:7:8::/64", 900)}


def test_an_ipv4_address_in_three_spellings_is_one_network() -> None:
    spelled = ("192.0.2.1", "::ffff:192.0.2.1", "::ffff:c000:201")
    assert "brute-force" in rules(failed(n * 10.0, network=spelled[n % 3]) for n in range(12))


def test_rotating_addresses_moves_an_attack_to_another_rule() -> None:
    assert "brute-force-distributed" in rules(failed(n * 10.0, network=f"198.{n}.100.1") for n in range(20))
    near = (failed(n * 10.0, user=f"u{n}", network=f"198.51.100.{n}") for n in range(60))
    assert "credential-stuffing-spread" in rules(near)
    subnets = (failed(n * 5.0, user=f"u{n}", network=f"2001:db8:7:{n:x}::1") for n in range(60))
    assert {"credential-stuffing-spread", "password-spray-distributed"} <= rules(subnets), "a site has 65,536 /64s"


def refused(n: int, reason: str) -> CallDecided:
    network = f"2001:db8:7:{n:x}::1"
    return CallDecided(
        Instant(START + n * 5.0), f"c{n}", "t", allowed=False, status=401, reason=reason, network=network
    )


def test_within_one_site_a_new_subnet_for_each_try_hides_nothing() -> None:
    """65,536 /64s of one /48, and none of them twice."""
    assert "brute-force-distributed" in rules(failed(n * 10.0, network=f"2001:db8:7:{n:x}::1") for n in range(20))
    for reason, rule in (
        ("token-signature", "forged-tokens-spread"),
        ("proof-key", "stolen-token-neighbourhood"),
    ):
        assert rules(refused(n, reason) for n in range(40)) == {rule}
    unknown = (
        TokenDecided(Instant(START + n * 5.0), f"c{n}", "TOKEN", allowed=False, reason="client-authentication",
                     network=f"2001:db8:7:{n:x}::1")
        for n in range(40)
    )  # fmt: skip
    assert rules(unknown) == {"client-authentication-failures-spread"}


def test_a_flood_that_empties_the_memory_is_seen_itself() -> None:
    def flooded() -> Iterable[Event]:
        for tries in range(12):
            yield failed(tries * 40.0)
            for n in range(300):
                yield failed(tries * 40.0 + n * 0.1, user=f"u{tries}-{n}", network=f"10.{tries}.{n % 250}.1")

    engine = Engine(shipped(), most_groups=200)
    seen = {a.rule for position, event in enumerate(flooded(), 1) for a in engine.feed(position, event)}
    assert "brute-force" not in seen, "the victim's group went between any two tries: more groups are the remedy"
    assert "password-spray-distributed" in seen, "a rule without groups cannot be flooded away"
    assert engine.evicted > 3000
    assert "brute-force" in rules(flooded()), "at the shipped size this flood does not do"


def test_no_number_of_wrong_passwords_keeps_the_customer_out_elsewhere() -> None:
    found = alerts(failed(n * 5.0, network=f"198.{n % 40}.100.1", reason="login-throttled") for n in range(2000))
    assert {"brute-force-distributed", "slow-guessing"} <= {alert.rule for alert in found}
    assert {act.what for act in acts(found)} <= {"network"}, "whoever knows a name must not be able to lock it out"
    assert all(act.seconds for act in acts(found)), "every block ends by itself"


def test_an_attacker_behind_a_shared_address_takes_the_others_with_them() -> None:
    """What `enforce` costs at a company's or carrier's address: known, bounded, and why rules are shipped as `alert`."""
    world = Simulation(2000, random.Random(81))
    honest = list(world.run(0.5, [], first_hour=6))
    begins = 9 * HOUR
    guessing = [
        LoginDecided(
            Instant(world.scribe.start + begins + n * 5.0),
            "c",
            allowed=False,
            username_hash="victim",
            network=COMPANY,
            reason="login-failed",
        )
        for n in range(12)
    ]
    events = sorted([told.event for told in honest] + guessing, key=lambda event: event.at)
    found = [a for a in alerts(events) if a.group.get("network") == COMPANY]
    assert acts(found) == {Act("block", "network", COMPANY, 900)}
    ends = found[0].at + 900
    others = [
        e for e in events if isinstance(e, LoginDecided) and e.network == COMPANY and e.allowed and found[0].at < e.at
    ]
    kept_out = [e for e in others if e.at < ends]
    assert 0 < len(kept_out) < len(others), "some colleagues wait a quarter of an hour; the rest of the day is theirs"


def test_a_shared_address_where_most_succeed_is_not_taken_for_a_list_of_passwords() -> None:
    world = Simulation(3000, random.Random(82))
    events = [told.event for told in world.run(3, []) if told.truth is None]
    shared = {COMPANY, *(customer.carrier for customer in world.population.customers)}
    stuffing = {"credential-stuffing", "password-spray", "slow-stuffing"}
    assert [a.group for a in alerts(events) if a.rule in stuffing and a.group.get("network") in shared] == []
