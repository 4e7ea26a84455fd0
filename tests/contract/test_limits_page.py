"""The examples of docs/limits.md: its policy is loaded, and each row ends as the page says."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ringfence.clock import Instant
from ringfence.gateway.limit import limit
from ringfence.gateway.stages import Assessed, Identified, Limited, Located
from ringfence.ids import CorrelationId
from ringfence.message import Peer, Request, TraceContext
from ringfence.policy.limits import MARGIN_SECONDS
from ringfence.policy.load import LoadedPolicy, load
from ringfence.problem import Refused
from ringfence.proofs.access_token import AccessToken
from ringfence.store.embedded.lmdb_state import LmdbState

PAGE = (Path(__file__).parents[2] / "docs" / "limits.md").read_text("utf-8")
ROW = re.compile(r"^\| (?P<about>[^|]+) \| `(?P<calls>\{[^|]*\})` \| `(?P<last>[a-z-]+)` \|$", re.MULTILINE)
EXAMPLES = [(m["about"], m["calls"], m["last"]) for m in ROW.finditer(PAGE)]
NOON = datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("Europe/London")).timestamp()
TEXT = {"type": "string"}
PAYMENT = {"type": "object", "properties": {"amount": TEXT, "currency": TEXT, "payee": TEXT}}


def document() -> dict[str, Any]:
    reads = ("GetAccounts", "Search", "Export", "Rates", "Statements", "Charges")
    paths: dict[str, Any] = {f"/{name}": {"get": {"operationId": name, "responses": {}}} for name in reads}
    body = {"content": {"application/json": {"schema": PAYMENT}}}
    paths["/Pay"] = {"post": {"operationId": "Pay", "requestBody": body, "responses": {}}}
    return {"openapi": "3.0.3", "info": {"title": "Bank", "version": "1"}, "security": [{"o": []}], "paths": paths}


@pytest.fixture
def policy(tmp_path: Path) -> LoadedPolicy:
    (written,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "bank.json").write_text(json.dumps(document()))
    (tmp_path / "a.pem").write_text("certificate")
    (tmp_path / "a.key").write_text("key")
    (tmp_path / "a.key").chmod(0o600)
    kind = {
        "schema": PAYMENT | {"required": ["amount", "currency", "payee"]},
        "sentence": "Pay {amount} {currency} to {payee}",
        "linking": {"amount": "/amount", "currency": "/currency", "payee": "/payee"},
    }
    (tmp_path / "ringfence.yaml").write_text(f"""\
version: 1
issuer: https://localhost:8443
listeners: {{public: {{port: 8443, tls: {{certificate: a.pem, key: a.key}}}}}}
oauth: {{scopes: {{accounts: See}}, authorization_details: {{payment: {json.dumps(kind)}}}}}
{written}on_outage: {{fast_state: refuse, records: refuse, events: refuse, upstream: refuse}}
""")
    return load(tmp_path / "ringfence.yaml")


class Calls:
    """The step that limits are, over a real shared state."""

    def __init__(self, policy: LoadedPolicy, directory: Path) -> None:
        self.operations = {operation.operation_id: operation for operation in policy.table.operations}
        self.state = LmdbState(directory / "fast")
        self.tokens = 0

    async def call(self, change: dict[str, Any]) -> Limited:
        self.tokens += 1
        operation = self.operations[change.get("call", "GetAccounts")]
        consent = change.get("consent", "a")
        token = AccessToken(
            token_hash="h",
            jti=f"j{self.tokens}",
            client_id=change.get("client", "acme"),
            subject="s",
            user_id=consent and "u",
            scopes=frozenset(),
            grant_id=consent and "g",
            issued_at=Instant(0),
            expires_at=Instant(9e9),
            not_before=Instant(0),
            jkt="k",
            x5t_s256="",
            auth_time=None,
            acr="",
            consent_id=consent,
        )
        request = Request(
            method=operation.method,
            scheme="https",
            authority="a",
            path=operation.template,
            query="",
            headers=(),
            body=b"",
            peer=Peer(change.get("from", "192.0.2.7")),
            correlation=CorrelationId("c"),
            trace=TraceContext("1", "1", sampled=False),
        )
        identified = Identified(Located(request, operation, {}, ""), token, None)
        now = Instant(NOON + change.get("at", 0))
        limited = await limit(Assessed(identified, change.get("risk", 0.0)), self.state, now)
        if change.get("ended"):
            await self.state.release(limited.leases)
        return limited


@pytest.fixture
def calls(policy: LoadedPolicy, tmp_path: Path) -> Iterator[Calls]:
    calls = Calls(policy, tmp_path)
    yield calls
    calls.state.close()


@pytest.mark.parametrize(("about", "made", "last"), EXAMPLES)
async def test_each_row_ends_as_the_page_says(calls: Calls, about: str, made: str, last: str) -> None:
    *before, final = json.loads(f"[{made}]")
    for change in before:
        for _ in range(change.get("times", 1)):
            if "refused" not in change:
                await calls.call(change)
        for _ in range(change.get("refused", 0)):
            with pytest.raises(Refused):
                await calls.call(change)
    *more, final = [final] * final.get("times", 1)
    for change in more:
        await calls.call(change)
    if last == "passes":
        await calls.call(final)
        return
    with pytest.raises(Refused) as refused:
        await calls.call(final)
    assert refused.value.reason.value == last
    assert refused.value.status == 429
    assert f"limit {about.partition(':')[0]}:" in refused.value.detail


def test_the_page_has_an_example_of_every_limit(policy: LoadedPolicy) -> None:
    assert {about.partition(":")[0] for about, _, _ in EXAMPLES} == set(policy.policy.limits)
    assert {last for _, _, last in EXAMPLES} == {"passes", "rate-limited", "quota-exceeded", "calls-in-flight"}


async def test_too_many_at_once(calls: Calls) -> None:
    at_once = [limit for name, limit in calls.operations["Export"].demands.limits if name == "at-once"]
    assert at_once[0].in_flight is not None
    assert at_once[0].in_flight.lease_seconds >= 17 + MARGIN_SECONDS


async def test_the_fields_are_those_of_the_first_answer(calls: Calls) -> None:
    shown = dict(re.findall(r"^(RateLimit(?:-Policy)?): (.*)$", PAGE, re.MULTILINE))
    told = (await calls.call({})).told
    assert told == (("ratelimit-policy", shown["RateLimit-Policy"]), ("ratelimit", shown["RateLimit"]))


async def test_the_formula_is_told_as_the_page_says(calls: Calls) -> None:
    await calls.call({"call": "Statements", "risk": 0.5})
    weighing = (await calls.call({"call": "Statements"})).weighing
    assert weighing is not None
    assert weighing.why == "earned: 1·(1+4·0.5^2), risk held"
    assert "earned: 1·(1+4·0.5^2)/1.5 trust, risk held" in PAGE
