"""Who plays: three partners with their keys, and a customer, all registered with the running installation."""

from dataclasses import dataclass
from typing import Final

import httpx
from joserfc.jwk import ECKey

from ringfence.clock import Clock
from ringfence.demo.customer import Browser, Customer
from ringfence.demo.dpop import public_part
from ringfence.demo.installation import Installation
from ringfence.demo.ledger import Ledger
from ringfence.demo.management import Management
from ringfence.demo.partner import Partner, Registration, Server
from ringfence.ids import Random, new_token

SHORT_SECONDS: Final = 3
"""How long the access tokens of the third partner live: short enough to see one expire."""

BANK_CUSTOMER: Final = "cus_amara"
USERNAME: Final = "amara"
CUSTOMER_NAME: Final = "Amara Okafor"


@dataclass(frozen=True)
class Part:
    """A partner as the demonstration sets it up."""

    name: str
    host: str
    scopes: tuple[str, ...]
    access_token_seconds: int = 0
    detail_types: tuple[str, ...] = ()


HARBOUR: Final = Part("Harbour Pay", "harbour.example", ("accounts", "payments"), detail_types=("payment",))
KESTREL: Final = Part("Kestrel Budgeting", "kestrel.example", ("accounts",))
LAPWING: Final = Part("Lapwing Loans", "lapwing.example", ("accounts",), SHORT_SECONDS)


@dataclass(frozen=True)
class Cast:
    """Everybody, ready to act."""

    harbour: Partner
    """May read accounts and make payments."""
    kestrel: Partner
    """May read accounts."""
    lapwing: Partner
    """May read accounts, with tokens that live for three seconds."""
    customer: Customer
    password: str


def register_customer(
    installation: Installation, management: Management, browser: httpx.Client, random: Random
) -> tuple[Customer, str]:
    """Give the customer a login, tell the bank's ledger who that is, and return them with their password."""
    password = new_token(random)
    user_id = management.add_user(USERNAME, password, CUSTOMER_NAME)
    with Ledger(installation.ledger) as ledger:
        ledger.enrol(BANK_CUSTOMER, user_id)
    return Customer(USERNAME, password, Browser(browser)), password


def register_partner(part: Part, management: Management) -> Registration:
    """Make a partner's keys, register the public one, and return what the partner knows."""
    assertion_key, dpop_key = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")
    redirect_uri = f"https://{part.host}/callback"
    published = public_part(assertion_key) | {"kid": assertion_key.thumbprint(), "use": "sig", "alg": "ES256"}
    client_id = management.add_client(
        {
            "name": part.name,
            "jwks": {"keys": [published]},
            "redirect_uris": [redirect_uri],
            "scopes": list(part.scopes),
            "authorization_details_types": list(part.detail_types),
            "access_token_seconds": part.access_token_seconds,
        }
    )
    return Registration(part.name, client_id, redirect_uri, part.scopes, assertion_key, dpop_key)


def assemble(
    installation: Installation,
    management: Management,
    server: Server,
    http: httpx.Client,
    browser: httpx.Client,
    clock: Clock,
    random: Random,
) -> Cast:
    """Register everybody."""
    harbour, kestrel, lapwing = (
        Partner(register_partner(part, management), server, http, clock, random) for part in (HARBOUR, KESTREL, LAPWING)
    )
    customer, password = register_customer(installation, management, browser, random)
    return Cast(harbour, kestrel, lapwing, customer, password)
