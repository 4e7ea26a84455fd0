"""Who there is: customers with the networks that they come from, and partners with their servers.

Every address is of a range that nobody routes on the open net.
"""

import random
from dataclasses import dataclass
from typing import Final

OWN_APP: Final = "bank-app"
"""The bank's own app, which calls from the customers' devices."""
IN_A_HOUSEHOLD: Final = 3
BEHIND_ONE_CARRIER_ADDRESS: Final = 100
PARTNERS_EACH: Final = 100
"""Entities for each partner."""
FEWEST_PARTNERS: Final = 4
COMPANY: Final = "198.19.255.1"
"""One address that a whole company comes from in office hours."""
OFFICE: Final = (8, 18)
VPN_EXITS: Final = tuple(f"192.0.{2 + n}.{n + 1}" for n in range(20))
_OF_THE_COMPANY, _ON_VPN, _ON_IPV6, _WITH_PARTNER = 0.05, 0.05, 0.3, 0.6


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer."""

    user: str
    name_hash: str
    grant: str
    """Under which the bank's own app calls."""
    sessions_a_day: float
    home: str
    """An address, or the first half of one where the household has IPv6."""
    carrier: str
    company: bool
    vpn: bool

    def at_home(self, rng: random.Random) -> str:
        """Return an address at home; with IPv6 a temporary one (RFC 8981), another each time."""
        return f"{self.home}{rng.getrandbits(16):x}" if self.home.endswith("::") else self.home

    def network(self, hour_of_day: int, weekday: bool, rng: random.Random) -> str:
        """Return where a session comes from."""
        if self.vpn:
            return rng.choice(VPN_EXITS)
        if self.company and weekday and OFFICE[0] <= hour_of_day < OFFICE[1]:
            return COMPANY
        return self.at_home(rng) if rng.random() < _WITH_PARTNER else self.carrier


@dataclass(frozen=True, slots=True)
class Partner:
    """One partner: its servers call for the customers who allowed it."""

    client: str
    servers: tuple[str, ...]
    customers: tuple[Customer, ...]


@dataclass(frozen=True, slots=True)
class Population:
    """Everybody."""

    customers: tuple[Customer, ...]
    partners: tuple[Partner, ...]


def populate(entities: int, rng: random.Random) -> Population:
    """Return so many customers and partners together; at least one customer and `FEWEST_PARTNERS`."""
    partners = max(FEWEST_PARTNERS, entities // PARTNERS_EACH)
    customers = tuple(_customer(n, rng) for n in range(max(1, entities - partners)))
    clientele: list[list[Customer]] = [[] for _ in range(partners)]
    for customer in customers:
        if rng.random() < _WITH_PARTNER:
            clientele[rng.randrange(partners)].append(customer)
    return Population(customers, tuple(_partner(n, tuple(theirs), rng) for n, theirs in enumerate(clientele)))


def _customer(number: int, rng: random.Random) -> Customer:
    household, crowd = number // IN_A_HOUSEHOLD, number // BEHIND_ONE_CARRIER_ADDRESS
    if rng.random() < _ON_IPV6:
        home = f"2001:db8:{household >> 16:x}:{household & 0xFFFF:x}::"
    else:
        home = f"198.18.{household // 250 % 256}.{household % 250 + 1}"
    return Customer(
        user=f"user-{number:06d}",
        name_hash=f"{rng.getrandbits(256):064x}",
        grant=f"grant-{number:06d}",
        sessions_a_day=rng.lognormvariate(0.0, 0.8),
        home=home,
        carrier=f"100.{64 + crowd // 250 % 64}.{crowd % 250}.{rng.randrange(2) + 1}",
        company=rng.random() < _OF_THE_COMPANY,
        vpn=rng.random() < _ON_VPN,
    )


def _partner(number: int, customers: tuple[Customer, ...], rng: random.Random) -> Partner:
    servers = tuple(f"203.0.{113 + number // 80}.{number % 80 * 3 + n + 1}" for n in range(rng.randrange(1, 4)))
    return Partner(f"partner-{number:03d}", servers, customers)
