"""The bank of docs/cedar.md: its policy with the page's own Cedar policies, and calls of its one operation."""

import json
import re
from pathlib import Path
from typing import Any, Final

import msgspec

from ringfence.clock import Instant
from ringfence.gateway.stages import (
    Assessed,
    Attested,
    Constrained,
    Identified,
    Limited,
    Located,
    Screened,
)
from ringfence.gateway.validate import validate
from ringfence.ids import CorrelationId
from ringfence.message import Peer, Request, TraceContext
from ringfence.policy.load import LoadedPolicy, load
from ringfence.proofs.access_token import AccessToken

PAGE: Final = (Path(__file__).parents[1] / "docs" / "cedar.md").read_text("utf-8")
CEDAR: Final = "".join(re.findall(r"```cedar\n(.*?)```", PAGE, re.DOTALL))
(AUTHORIZATION,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)

_TEXT: Final = {"type": "string"}
_MONEY: Final = {"type": "object", "properties": {"value": _TEXT, "currency": _TEXT}}
_ACCOUNT: Final = {"type": "object", "properties": {"iban": _TEXT}}
_PAYMENT: Final = {"type": "object", "properties": {"amount": _MONEY, "from": _ACCOUNT, "to": _ACCOUNT}}
DOCUMENT: Final = {
    "openapi": "3.0.3",
    "info": {"title": "Bank", "version": "1"},
    "security": [{"o": []}],
    "paths": {
        "/payments": {
            "post": {
                "operationId": "CreatePayment",
                "requestBody": {"content": {"application/json": {"schema": _PAYMENT}}},
                "responses": {"201": {"description": "made"}},
            }
        }
    },
}
POLICY: Final = """\
version: 1
issuer: https://localhost:8443
listeners: {public: {port: 8443, tls: {certificate: a.pem, key: a.key}}}
oauth: {scopes: {pay: Pay}}
apis:
  - name: bank
    versions:
      - name: v1
        openapi: bank.json
        upstream: {url: "http://127.0.0.1:9000"}
        defaults: {scopes: [pay]}
        operations:
          CreatePayment: {facts: {amount: /amount/value, currency: /amount/currency, debtor: /from/iban}}
on_outage: {fast_state: refuse, records: refuse, events: refuse, upstream: refuse}
"""


def written_policy(directory: Path, cedar: str) -> LoadedPolicy:
    """Return the page's policy with these Cedar policies, or without any where they are empty."""
    (directory / "policies").mkdir()
    (directory / "policies" / "payments.cedar").write_text(cedar, "utf-8")
    (directory / "bank.json").write_text(json.dumps(DOCUMENT))
    (directory / "a.pem").write_text("certificate")
    (directory / "a.key").write_text("key")
    (directory / "a.key").chmod(0o600)
    (directory / "ringfence.yaml").write_text(POLICY + (AUTHORIZATION if cedar else ""))
    return load(directory / "ringfence.yaml")


def constrained(loaded: LoadedPolicy, change: dict[str, Any], now: Instant) -> Constrained:
    """Return the page's payment, changed as a row says, as far as the step before Cedar."""
    account = change.get("from", "GB33 BUKB 2020 1555 5555 55")
    body = {
        "amount": {"value": change.get("amount", "10.00"), "currency": change.get("currency", "GBP")},
        "from": {} if account is None else {"iban": account},
        "to": {"iban": "DE89 3704 0044 0532 0130 00"},
    }
    request = Request(
        method="POST",
        scheme="https",
        authority="a",
        path="/payments",
        query="",
        headers=(("content-type", "application/json"),),
        body=b"",
        peer=Peer(change.get("network", "192.0.2.7")),
        correlation=CorrelationId("c1"),
        trace=TraceContext("1", "1", sampled=False),
    )
    match = loaded.table.match("POST", "/payments")
    age, user = change.get("login_age", 3600), change.get("user", "u")
    token = AccessToken(
        token_hash="h",
        jti="j",
        client_id=change.get("client", "c"),
        subject=user or "c",
        user_id=user,
        scopes=frozenset(change.get("scopes", ["pay"])),
        grant_id="g",
        issued_at=now,
        expires_at=Instant(now + 300),
        not_before=now,
        jkt="k",
        x5t_s256="",
        auth_time=None if age is None else Instant(now - age),
        acr="",
    )
    located = Located(request, match.operation, match.path_parameters, match.rest)
    limited = Limited(Assessed(Identified(located, token, None)), -1)
    raw = msgspec.json.encode(body)
    return Constrained(Screened(validate(Attested(limited, raw, raw), 32)))
