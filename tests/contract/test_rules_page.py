"""The examples of docs/rules.md: its policy is loaded, and each row is refused with what the page says."""

import asyncio
import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.gateway.govern import govern
from ringfence.gateway.idempotent import claim
from ringfence.gateway.new_payee import Acquaintance
from ringfence.gateway.stages import (
    Attested,
    Authorized,
    Constrained,
    Governed,
    Identified,
    Limited,
    Located,
    Screened,
)
from ringfence.gateway.validate import validate
from ringfence.ids import CorrelationId
from ringfence.message import Peer, Request, TraceContext
from ringfence.policy.load import LoadedPolicy, load
from ringfence.policy.rules_model import KINDS
from ringfence.problem import Reason, Refused
from ringfence.proofs.access_token import AccessToken
from ringfence.store.embedded.lmdb_idempotency import LmdbIdempotencyKeys
from ringfence.store.embedded.lmdb_payees import KEY_BYTES, LmdbPayees
from ringfence.store.embedded.lmdb_sums import LmdbSums
from tests.country_database import write_countries

PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text("utf-8")
ROW = re.compile(r"^\| (?P<about>[^|]+) \| `(?P<calls>\{[^|]*\})` \| `(?P<reason>[a-z-]+)` \|$", re.MULTILINE)
EXAMPLES = [(m["about"].partition(":")[0], m["calls"], m["reason"]) for m in ROW.finditer(PAGE)]
TOKEN = AccessToken("h", "j", "c", "u", "u", frozenset(), "g", Instant(0), Instant(9e9), Instant(0), "k", "", None, "")
CONSENT = {
    "type": "recurring",
    "currency": "GBP",
    "each": "20000.00",
    "perMonth": "99000.00",
    "frequency": 99,
    "validTo": "2026-12-31",
}
RECURRING = {
    "type": "object",
    "properties": {name: {"type": "integer" if name == "frequency" else "string"} for name in CONSENT},
}
DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "Bank", "version": "1"},
    "security": [{"o": []}],
    "paths": {
        "/payments": {
            "post": {
                "operationId": "CreatePayment",
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "properties": {
                                    "amount": {
                                        "type": "object",
                                        "properties": {"value": {"type": "string"}, "currency": {"type": "string"}},
                                    },
                                    "from": {
                                        "type": "object",
                                        "properties": {"iban": {"type": "string"}, "currency": {"type": "string"}},
                                    },
                                    "to": {"type": "object", "properties": {"iban": {"type": "string"}}},
                                    "urgent": {"type": "boolean"},
                                },
                            }
                        }
                    }
                },
                "responses": {},
            }
        },
        "/accounts/{AccountId}/balances": {
            "get": {
                "operationId": "GetBalances",
                "parameters": [{"name": "AccountId", "in": "path", "required": True, "schema": {"type": "string"}}],
                "responses": {},
            }
        },
    },
}


@pytest.fixture
def policy(tmp_path: Path) -> LoadedPolicy:
    (operations,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    indented = "".join("        " + line + "\n" for line in operations.splitlines())
    (tmp_path / "bank.json").write_text(json.dumps(DOCUMENT))
    (tmp_path / "a.pem").write_text("certificate")
    (tmp_path / "a.key").write_text("key")
    (tmp_path / "a.key").chmod(0o600)
    write_countries(tmp_path / "geo.mmdb", {"192.0.2.0/24": {"country": {"iso_code": "GB"}}})
    (tmp_path / "ringfence.yaml").write_text(f"""\
version: 1
issuer: https://localhost:8443
geo: geo.mmdb
listeners: {{public: {{port: 8443, tls: {{certificate: a.pem, key: a.key}}}}}}
oauth:
  scopes: {{pay: Pay}}
  authorization_details:
    recurring: {{sentence: "Pay up to {{each}}", schema: {json.dumps(RECURRING)}}}
apis:
  - name: bank
    versions:
      - name: v1
        openapi: bank.json
        upstream: {{url: "http://127.0.0.1:9000"}}
        defaults: {{scopes: [pay]}}
{indented}on_outage: {{fast_state: refuse, records: refuse, events: refuse, upstream: refuse}}
""")
    return load(tmp_path / "ringfence.yaml")


class Bank:
    """The steps that rules and keys are, over real files."""

    def __init__(self, policy: LoadedPolicy, directory: Path) -> None:
        self.table = policy.table
        self.sums = LmdbSums(directory / "sums.mdb")
        self.payees = LmdbPayees(directory / "payees.mdb", b"k" * KEY_BYTES)
        self.keys = LmdbIdempotencyKeys(directory / "keys.mdb")
        self.country = "GB"
        self.count = 0

    def of(self, address: str) -> str:
        return self.country if address == "192.0.2.7" else ""

    async def call(self, change: dict[str, Any]) -> Governed:
        reads = "read" in change
        self.count += 1
        key = change.get("key", f"key-{self.count}")
        body = {
            "amount": {"value": change.get("amount", "10.00"), "currency": change.get("currency", "GBP")},
            "from": {
                "iban": change.get("from", "GB29 NWBK 6016 1331 9268 19"),
                "currency": change.get("account_currency", "GBP"),
            },
            "to": {"iban": change.get("to", "DE89 3704 0044 0532 0130 00")},
            **({"urgent": change["urgent"]} if "urgent" in change else {}),
        }
        path = "/accounts/7/balances" if reads else "/payments"
        headers = () if reads else (("content-type", "application/json"), *((("idempotency-key", key),) if key else ()))
        request = Request(
            method="GET" if reads else "POST",
            scheme="https",
            authority="a",
            path=path,
            query="",
            headers=headers,
            body=b"",
            peer=Peer("192.0.2.7"),
            correlation=CorrelationId(f"c{self.count}"),
            trace=TraceContext("1", "1", sampled=False),
        )
        match = self.table.match(request.method, path)
        detail = CONSENT | change.get("consent", {})
        held = {name: value for name, value in detail.items() if value is not None}
        noon = datetime.fromisoformat(change.get("at", "2026-07-01T12:00")).replace(tzinfo=ZoneInfo("Europe/London"))
        now = Instant(noon.timestamp())
        login = Instant(now - change.get("login_age", 0))
        token = msgspec.structs.replace(TOKEN, authorization_details=(held,), auth_time=login)
        limited = Limited(
            Authorized(Identified(Located(request, match.operation, match.path_parameters, match.rest), token, None)),
            -1,
        )
        raw = b"" if reads else msgspec.json.encode(body)
        valid = validate(Attested(limited, raw, raw), 32)
        claimed = await claim(Constrained(Screened(valid)), self.keys, now)
        return await govern(claimed, self.sums, self, now, Acquaintance(self.payees, "DPoP"))


@pytest.fixture
def bank(policy: LoadedPolicy, tmp_path: Path) -> Iterator[Bank]:
    bank = Bank(policy, tmp_path)
    yield bank
    bank.sums.close()
    bank.keys.close()
    bank.payees.close()


@pytest.mark.parametrize(("rule", "calls", "reason"), EXAMPLES)
async def test_each_row_is_refused_with_what_the_page_says(bank: Bank, rule: str, calls: str, reason: str) -> None:
    *before, last = json.loads(f"[{calls}]")
    for change in before:
        await bank.call(change)
    with pytest.raises(Refused) as refused:
        await bank.call(last)
    assert refused.value.reason.value == reason
    said = refused.value.detail
    assert rule == "idempotency" or said.startswith(f"rule {rule}: ")
    for secret in ("NWBK", "nwbk", "55779911", "FR76"):
        assert secret not in said


async def test_a_rule_in_shadow_lets_pass_and_is_told(bank: Bank) -> None:
    assert (await bank.call({})).shadowed == ()
    bank.country = "FR"
    assert (await bank.call({})).shadowed == ("callers-from-home=corridor-closed",)


def test_every_kind_of_rule_and_every_reason_has_an_example(policy: LoadedPolicy) -> None:
    written = [rule for operation in policy.table.operations for rule in operation.demands.rules]
    shown = {rule for rule, _, _ in EXAMPLES}
    assert {rule.name for rule in written if rule.mode == "enforce"} <= shown
    assert {kind for rule in written for kind in KINDS if getattr(rule, kind) is not None} == set(KINDS)
    of_rules = Reason.__members__.values()
    first, last = Reason.AMOUNT_OUT_OF_BOUNDS, Reason.IDEMPOTENCY_UNCLEAR
    ours = [reason.value for reason in list(of_rules)[list(of_rules).index(first) : list(of_rules).index(last) + 1]]
    for reason in ours:
        assert f"`{reason}`" in PAGE


async def test_fifty_payments_at_once_hold_to_the_penny_as_the_page_says(bank: Bank) -> None:
    asked = [{"amount": "999.99", "to": f"DE8937040044053201{i:04}"} for i in range(50)]
    done = await asyncio.gather(*(bank.call(one) for one in asked), return_exceptions=True)
    assert sum(isinstance(one, Governed) for one in done) == 20
    await bank.call({"amount": "0.20"})
    with pytest.raises(Refused):
        await bank.call({"amount": "0.01"})
