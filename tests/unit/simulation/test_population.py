import ipaddress
import random
from collections import Counter

from ringfence.networks import network_of
from ringfence.simulation.population import COMPANY, VPN_EXITS, populate


def test_the_same_seed_makes_the_same_people() -> None:
    assert populate(300, random.Random(1)) == populate(300, random.Random(1))
    assert populate(300, random.Random(1)) != populate(300, random.Random(2))


def test_many_share_an_address_and_a_household_one_prefix() -> None:
    people = populate(2000, random.Random(5)).customers
    assert max(Counter(c.carrier for c in people).values()) > 20
    assert max(Counter(c.home for c in people).values()) > 1
    six = next(c for c in people if c.home.endswith("::"))
    rng = random.Random(6)
    seen = {six.at_home(rng) for _ in range(20)}
    assert len(seen) > 10
    assert len({network_of(address) for address in seen}) == 1


def test_people_at_work_come_from_one_address_and_others_hop() -> None:
    people, rng = populate(2000, random.Random(5)).customers, random.Random(7)
    workers = [c for c in people if c.company and not c.vpn]
    assert {c.network(10, weekday=True, rng=rng) for c in workers} == {COMPANY}
    assert COMPANY not in {c.network(10, weekday=False, rng=rng) for c in workers}
    hopper = next(c for c in people if c.vpn)
    assert {hopper.network(10, weekday=True, rng=rng) for _ in range(300)} == set(VPN_EXITS)


def test_every_address_is_one() -> None:
    population, rng = populate(5000, random.Random(8)), random.Random(9)
    for customer in population.customers:
        ipaddress.ip_address(customer.at_home(rng))
        ipaddress.ip_address(customer.carrier)
    servers = [server for partner in population.partners for server in partner.servers]
    assert len({ipaddress.ip_address(server) for server in servers}) == len(servers)
