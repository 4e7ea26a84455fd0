"""Running installations for the conformance tests: edge, workers, authorization server, the bank behind them."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from ringfence.app.installing import create_keys
from ringfence.clock import system_clock
from ringfence.demo.cast import register_customer
from ringfence.demo.customer import Browser, Customer
from ringfence.demo.installation import Installation, start, write_installation
from ringfence.demo.management import Management
from ringfence.demo.processes import Processes
from ringfence.ids import system_random

TRANSFER = """  authorization_details:
    transfer:
      sentence: Move {instructedAmount.amount} {instructedAmount.currency} to {creditorName}
      schema:
        required: [instructedAmount, creditorName]
        properties:
          actions: {type: array, maxItems: 3, items: {enum: [initiate, status, cancel]}}
          instructedAmount:
            type: object
            required: [amount, currency]
            properties: {amount: {type: string}, currency: {type: string, enum: [GBP]}}
          creditorName: {type: string, maxLength: 70}
"""
"""A type that any login may allow: what the demonstration's payments ask of the customer has tests of its own."""

OWN_API = """
  - name: own
    versions:
      - name: v1
        openapi: own.json
        base_path: /own
        upstream: {url: "http://127.0.0.1:%d"}
        defaults: {scopes: [accounts], user: any}
"""
"""What a client may call for itself."""

OWN_DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "Own", "version": "1"},
    "security": [{"token": []}],
    "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    "paths": {"/__count": {"get": {"operationId": "count", "responses": {"200": {"description": "how many"}}}}},
}


@dataclass
class Running:
    """One installation with its customer; partners are registered as tests ask for them."""

    installation: Installation
    management: Management
    customer: Customer
    password: str
    metadata: dict
    http: httpx.Client
    """Without a certificate; for partners: it keeps no cookie that counts."""
    jwks: dict
    partners: dict = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        return self.installation.issuer

    def browser(self) -> Browser:
        """Return a browser that nobody has used."""
        return Browser(self.installation.http())

    def events(self, kind: str, fits: Callable[[dict], bool] = lambda _: True) -> list[dict]:
        found, after = [], 0
        while page := self.management._call("GET", "/events", params={"after": str(after), "limit": "1000"})["items"]:
            found += [row["event"] for row in page if row["event"]["event"] == kind]
            after = page[-1]["position"]
        return [event for event in found if fits(event)]


def begin(directory: Path, processes: Processes, change: Callable[[str], str]) -> Running:
    """Start an installation whose policy went through `change`, and let its customer log in once."""
    installation = write_installation(directory, system_clock(), create_keys)
    text = installation.policy.read_text()
    text = re.sub(r"rate_per_second: \d+, burst: \d+", "rate_per_second: 100000, burst: 100000", text)
    text = text.replace("  authorization_details:\n", TRANSFER)
    text = text.replace("\non_outage:", OWN_API % installation.bank_port + "\non_outage:")
    (directory / "own.json").write_text(json.dumps(OWN_DOCUMENT))
    installation.policy.write_text(change(text))
    start(installation, processes)
    management = Management(installation.admin_socket)
    http = installation.http()
    customer, password = register_customer(installation, management, installation.http(), system_random)
    metadata = http.get(f"{installation.issuer}/.well-known/openid-configuration").json()
    jwks = http.get(metadata["jwks_uri"]).json()
    return Running(installation, management, customer, password, metadata, http, jwks)
