"""The gateway as conformance tests have it: the whole chain over the bank's own state, with a played API behind it."""

import httpx

from ringfence.gateway.asgi import AsgiApp
from ringfence.gateway.pipeline import Gateway, ruleset
from ringfence.gateway.ports import Ports
from ringfence.ids import system_random
from ringfence.policy.document import parse_document
from ringfence.policy.openapi import compile_document
from ringfence.policy.routes import RouteTable
from ringfence.proofs.jwk import parse_jwks

ORIGIN = "https://bank.example"


class Keys:
    def __init__(self, signer) -> None:
        self._signer = signer

    def key(self, kid):
        return parse_jwks(self._signer.public_jwks()).get(kid)


class Recorder:
    def __init__(self, events) -> None:
        self.emit = events.emit

    def ready(self) -> None:
        """There is always room."""


def client_of(bank, document: bytes, upstream) -> httpx.AsyncClient:
    """Return a client of the gateway in front of the one API of the bank's policy."""
    table = RouteTable()
    compiled = compile_document(parse_document(document, "bank.yaml"), "bank", bank.policy.apis[0].versions[0], {})
    for operation in compiled.operations:
        table.add(operation, "")
    ports = Ports(
        keys=Keys(bank.ports.signer),
        nonces=bank.ports.nonces,
        admissions=bank.ports.fast,
        sender=upstream,
        events=Recorder(bank.events),
        clock=bank.clock,
        random=system_random,
        consents=bank.ports.records,
    )
    transport = httpx.ASGITransport(AsgiApp(Gateway(ruleset(bank.policy, table), ports)))
    return httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers={"accept-encoding": ""})
