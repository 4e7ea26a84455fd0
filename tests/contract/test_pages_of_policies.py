"""The policies in docs/screening.md, docs/overload.md and docs/consents.md are loaded, and mean what the pages say."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from ringfence.gateway.overload import RETRY_SECONDS, Priority, priority
from ringfence.gateway.screen import screen
from ringfence.gateway.screening.pattern_set import PatternSet
from ringfence.gateway.stages import Valid
from ringfence.policy.load import LoadedPolicy, load
from ringfence.policy.operations import Operation
from ringfence.problem import Refused
from tests.unit.gateway.calls import limited, request

DOCS = Path(__file__).parents[2] / "docs"
SCREENING, OVERLOAD, CONSENTS = [
    (DOCS / f"{name}.md").read_text("utf-8") for name in ("screening", "overload", "consents")
]
TEXT = {"type": "string"}
PATTERNS = PatternSet()


def body(*pointers: str) -> dict[str, Any]:
    """An object's schema in which these members are texts."""
    whole: dict[str, Any] = {"type": "object", "properties": {}}
    for at in pointers:
        *above, last = at.removeprefix("/").split("/")
        place = whole
        for name in above:
            place = place["properties"].setdefault(name, {"type": "object", "properties": {}})
        place["properties"][last] = TEXT
    return whole


def operation(name: str, method: str = "get", **more: Any) -> dict[str, Any]:
    return {method: {"operationId": name, "responses": {"200": {"description": "ok"}}, **more}}


PAY = {"content": {"application/json": {"schema": body(*re.findall(r": (/Data/\S+)", CONSENTS))}}}
PATHS = {
    "/search": operation("SearchEverything", parameters=[{"name": "filter", "in": "query", "schema": TEXT}]),
    "/notes": operation("note", "post", requestBody={"content": {"application/json": {"schema": body("/note", "/template/text")}}}),
    "/funds": operation("confirmFunds", "post"),
    "/pay": operation("CreateDomesticPayment", "post", requestBody=PAY),
    "/accounts/{AccountId}": operation("GetAccount") | {"parameters": [{"name": "AccountId", "in": "path", "required": True, "schema": TEXT}]},
}  # fmt: skip
PAYMENT = {"type": "object", "required": ["instructedAmount", "creditorName", "creditorAccount"]} | body(
    "/instructedAmount/amount", "/instructedAmount/currency", "/creditorAccount/identification", "/creditorName"
)
PAYMENT["properties"]["instructedAmount"]["required"] = ["amount", "currency"]
PAYMENT["properties"]["creditorAccount"]["required"] = ["identification"]
ACCOUNTS = {"type": "object", "properties": {"accounts": {"type": "array", "items": TEXT}}}


def loaded(directory: Path, version: dict[str, Any], oauth: dict[str, Any] | None = None) -> LoadedPolicy:
    """A policy of one version, as far as a page writes it; the rest is the same for all."""
    document = {
        "openapi": "3.0.3",
        "info": {"title": "Bank", "version": "1"},
        "security": [{"o": []}],
        "paths": PATHS,
    }
    (directory / "bank.json").write_text(json.dumps(document))
    (directory / "payment.schema.yaml").write_text(json.dumps(PAYMENT))
    (directory / "a.pem").write_text("certificate")
    (directory / "a.key").write_text("key")
    (directory / "a.key").chmod(0o600)
    whole = {"name": "v1", "openapi": "bank.json", "upstream": {"url": "http://127.0.0.1:9000"}} | version
    policy = {
        "version": 1,
        "issuer": "https://localhost:8443",
        "listeners": {"public": {"port": 8443, "tls": {"certificate": "a.pem", "key": "a.key"}}},
        "oauth": {"scopes": {"bank": "See"}} | (oauth or {}),
        "apis": [{"name": "bank", "versions": [whole | {"defaults": {"scopes": ["bank"]}}]}],
        "on_outage": dict.fromkeys(("fast_state", "records", "events", "upstream"), "refuse"),
    }
    (directory / "ringfence.yaml").write_text(json.dumps(policy))
    return load(directory / "ringfence.yaml")


def block(page: str, first: str) -> Any:
    """The page's block that begins so."""
    (found,) = [text for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if text.startswith(first)]
    return yaml.safe_load(found.replace("- …\n       ", "-"))


def named(policy: LoadedPolicy, name: str) -> Operation:
    return next(one for one in policy.table.operations if one.operation_id == name)


def test_the_page_on_screening(tmp_path: Path) -> None:
    policy = loaded(tmp_path, block(SCREENING, "apis:")["apis"][0]["versions"][0])
    assert named(policy, "SearchEverything").screening.mode == "shadow"
    note, search = named(policy, "note"), named(policy, "SearchEverything")
    sql, template = "1' or '1'='1", "{{7*7}}"

    def told(asked: Operation, payload: Any, parameters: dict[str, Any]) -> str:
        valid = Valid(
            limited(asked, request()), b"", payload, parameters, declared=asked.bodies.get("application/json")
        )
        try:
            return " ".join(f"{at}={'+'.join(classes)}" for at, classes in screen(valid, PATTERNS).found)
        except Refused as refused:
            return f"{refused.private} {refused.status} {refused.reason.value}"

    assert told(note, {"note": sql}, {}) == "/note=sql 400 suspicious-text"
    assert told(note, {"template": {"text": template}}, {}) == ""
    assert told(note, {"note": template}, {}) == "/note=template 400 suspicious-text"
    assert told(search, None, {"query.filter": sql}) == ""
    assert told(search, None, {"query.filter": template}) == "query.filter=template", "in shadow: told, and let pass"
    assert "gets 400 `suspicious-text`" in " ".join(SCREENING.split())
    (sentence,) = re.findall(r'\("(rent for [^"]+)" is one\)', SCREENING)
    assert told(note, {"note": sentence}, {}) == ""


ROWS = re.findall(r"^\| `(test|read|write|payment)` \| [^|]+ \| (\d+) \|$", OVERLOAD, re.MULTILINE)


def test_the_page_on_overload(tmp_path: Path) -> None:
    version = block(OVERLOAD, "apis:")["apis"][0]["versions"][0]
    policy = loaded(tmp_path, version)
    funds = named(policy, "confirmFunds")
    assert funds.upstream.overload.limit == "adaptive"
    assert priority(funds, "c_sandbox1") is Priority.TEST
    assert priority(funds, "c_other") is Priority.PAYMENT
    plain = msgspec.structs.replace(funds, demands=msgspec.structs.replace(funds.demands, priority=None))
    assert priority(plain, "c_other") is Priority.WRITE
    assert priority(named(policy, "GetAccount"), "c_other") is Priority.READ
    assert {name: int(seconds) for name, seconds in ROWS} == {one.word: RETRY_SECONDS[one] for one in Priority}


def test_the_page_on_consents(tmp_path: Path) -> None:
    types = {"accounts": {"sentence": "See your accounts", "schema": ACCOUNTS}}
    payments = block(CONSENTS, "oauth:\n  authorization_details")
    kinds = payments["oauth"]["authorization_details"] | types
    version = payments["apis"][0]["versions"][0]
    operations = dict(version["operations"])
    for first in ("operations:\n  GetAccount", "operations:\n  CreateDomesticPayment"):
        for name, demands in block(CONSENTS, first)["operations"].items():
            operations[name] = operations.get(name, {}) | demands
    login = block(CONSENTS, "oauth:\n  login_application")["oauth"]
    policy = loaded(tmp_path, {"operations": operations}, {"authorization_details": kinds} | login)
    pay, account = named(policy, "CreateDomesticPayment").demands, named(policy, "GetAccount").demands
    assert pay.link is not None
    assert pay.link.members.payee == "/Data/Initiation/CreditorAccount/Identification"
    assert (pay.max_age_seconds, pay.step_up[0].max_age_seconds) == (600, 60)
    assert (account.objects[0].type, account.objects[0].otherwise) == ("accounts", "hidden")


@pytest.mark.parametrize("page", [SCREENING, OVERLOAD, CONSENTS])
def test_the_pages_have_policies(page: str) -> None:
    assert "```yaml" in page
