"""A small installation without its processes: policy, document, state and the keys that its issuer has published."""

import json
from pathlib import Path

from ringfence.clock import Instant
from ringfence.edge.certificates import create_development_certificates
from ringfence.policy.load import load
from tests.unit.gateway.caller import Caller

ISSUER = "https://localhost:8443"
OPENAPI = """\
openapi: 3.1.0
info: {title: Bank, version: "1"}
components:
  securitySchemes:
    oauth: {type: oauth2, flows: {clientCredentials: {tokenUrl: "https://localhost/token", scopes: {things: Things}}}}
paths:
  /things:
    get:
      operationId: GetThings
      security: [{oauth: [things]}]
      responses: {"200": {description: Things, content: {application/json: {schema: {type: object, additionalProperties: true}}}}}
    post:
      operationId: MakeThing
      security: [{oauth: [things]}]
      requestBody:
        required: true
        content:
          application/json:
            schema: {type: object, properties: {name: {type: string, maxLength: 10}}, required: [name]}
      responses: {"200": {description: Made, content: {application/json: {schema: {type: object, additionalProperties: true}}}}}
"""
POLICY = """\
version: 1
issuer: https://localhost:8443
listeners:
  public:
    address: 127.0.0.1
    port: 8443
    tls: {certificate: certs/server.pem, key: certs/server.key}
oauth:
  scopes: {things: See things}
apis:
  - name: bank
    versions:
      - name: v1
        openapi: bank.yaml
        upstream: {url: "http://bank.internal/api"}
        defaults: {scopes: [things]}
on_outage: {fast_state: refuse, records: refuse, events: refuse, upstream: refuse}
"""


def install(directory: Path) -> Path:
    """Write an installation and return its policy file."""
    create_development_certificates(directory / "certs", ["localhost"], Instant(1_790_000_000.0))
    (directory / "bank.yaml").write_text(OPENAPI)
    policy = directory / "ringfence.yaml"
    policy.write_text(POLICY)
    load(policy).places.fast.mkdir(parents=True)
    return policy


def publish(policy: Path, caller: Caller) -> None:
    """Publish the keys of an issuer as the signer does."""
    public = {**json.loads(caller.issuer_key.export_public()), "alg": "ES256", "use": "sig"}
    load(policy).places.jwks.write_text(json.dumps({"keys": [public]}))


def token(caller: Caller, now: float, **claims: object) -> str:
    """A token of this installation's issuer."""
    return caller.token(now, **{"iss": ISSUER, "aud": ISSUER, "scope": "things", **claims})


def call_headers(caller: Caller, now: float, method: str, path: str = "/things", **claims: object) -> dict[str, str]:
    """Token and proof of one call."""
    access = token(caller, now, **claims)
    return {"authorization": f"DPoP {access}", "dpop": caller.proof(now, method, f"{ISSUER}{path}", access)}
