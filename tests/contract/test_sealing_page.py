"""What docs/protection.md says of sealed answers, of schemas and of the commands: loaded, and run."""

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ringfence.cli.main import app
from ringfence.policy.load import LoadedPolicy, load
from ringfence.policy.yaml_source import read_yaml
from ringfence.proofs.encryption_key import SEAL_ALGORITHMS
from ringfence.protect.partner_profiles import REQUESTS

PAGE = (Path(__file__).parents[2] / "docs" / "protection.md").read_text("utf-8")
SAYING, IN_SCHEMA, SEALED, _ = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = re.findall(r"^\$ (ringfence protect .*)$", PAGE, re.MULTILINE)
PROFILES = re.findall(r"^\| (`[^|]+`) \| (.*?) \| ([A-Z0-9, +-]+) \|$", PAGE, re.MULTILINE)

_PAN = {"type": "object", "properties": {"pan": {"type": "string"}}}
_ACCOUNT = {"type": "object", "properties": {"iban": {"type": "string"}}}
_PAYMENT = {"type": "object", "properties": {"debtor": _ACCOUNT, "creditor": _ACCOUNT, "card": _PAN}}
_CARDS = {"type": "object", "properties": {"cards": {"type": "array", "items": _PAN}}}


def _json(schema: object) -> object:
    return {"description": "ok", "content": {"application/json": {"schema": schema}}}


def _get(name: str, schema: object) -> object:
    return {"get": {"operationId": name, "responses": {"200": _json(schema)}}}


def loaded(directory: Path, operations: str) -> LoadedPolicy:
    document = {
        "openapi": "3.0.3",
        "info": {"title": "Bank", "version": "1"},
        "security": [{"o": []}],
        "paths": {
            "/payments": {
                "post": {
                    "operationId": "CreatePayment",
                    "requestBody": _json(_PAYMENT),
                    "responses": {"201": _json(_PAYMENT)},
                }
            },
            "/payments/1": _get("GetPayment", _PAYMENT),
            "/cards": _get("ListCards", _CARDS),
            "/card": _get("GetCard", {"type": "object", "properties": {"card": _PAN}}),
            "/kept": _get("GetKept", {"type": "array", "items": {"$ref": "#/components/schemas/Card"}}),
            "/statement": _get("GetStatement", {"type": "object"}),
        },
        "components": {"schemas": read_yaml(IN_SCHEMA.encode(), "page").data},
    }
    indented = "".join("        " + line + "\n" for line in operations.splitlines())
    (directory / "bank.json").write_text(json.dumps(document))
    (directory / "a.pem").write_text("certificate")
    (directory / "a.key").write_text("key")
    (directory / "a.key").chmod(0o600)
    (directory / "ringfence.yaml").write_text(f"""\
version: 1
issuer: https://localhost:8443
listeners: {{public: {{port: 8443, tls: {{certificate: a.pem, key: a.key}}}}}}
oauth: {{scopes: {{payments: Pay, cards: See card numbers}}}}
apis:
  - name: bank
    versions:
      - name: v1
        openapi: bank.json
        upstream: {{url: "http://127.0.0.1:9000"}}
        defaults: {{scopes: [payments]}}
{indented}on_outage: {{fast_state: refuse, records: refuse, events: refuse, upstream: refuse}}
""")
    return load(directory / "ringfence.yaml")


def test_the_pages_policy_seals_a_field_and_an_answer(tmp_path: Path) -> None:
    by_id = {one.operation_id: one for one in loaded(tmp_path, SEALED).table.operations}
    assert {name for name, one in by_id.items() if one.seals} == {"GetCard", "GetStatement"}
    assert [field.rule.mode for field in by_id["GetCard"].protected] == ["seal"]
    assert by_id["GetStatement"].demands.answer_sealed == "jwe"
    assert by_id["GetStatement"].demands.payload is None


def test_the_pages_schema_says_it_wherever_it_is_used(tmp_path: Path) -> None:
    by_id = {one.operation_id: one for one in loaded(tmp_path, SEALED).table.operations}
    (field,) = by_id["GetKept"].protected
    assert (field.rule.at, field.rule.mode, field.rule.keep_first) == ("/*/pan", "mask", 8)


def test_the_page_has_every_profile_of_an_answer_and_every_algorithm() -> None:
    named = {name for cell, _, _ in PROFILES for name in re.findall(r"`([a-z0-9-]+)`", cell)}
    assert named == set(REQUESTS)
    for cell, form, algorithms in PROFILES:
        members = {REQUESTS[name].member for name in re.findall(r"`([a-z0-9-]+)`", cell)}
        assert all(member in form for member in members)
        assert set(algorithms.split(", ")) == (set(SEAL_ALGORITHMS) if members == {""} else {"RSA-OAEP-256"})


@pytest.mark.parametrize("line", COMMANDS)
def test_the_commands_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    loaded(tmp_path, SAYING)
    body = {"debtor": {"iban": "abc"}, "creditor": {"iban": "abc"}, "card": {"pan": "not-a-number-1"}}
    (tmp_path / "payment.json").write_text(json.dumps(body))
    (tmp_path / "cards.json").write_text(json.dumps({"cards": [{"pan": "not-a-number-1"}]}))
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, shlex.split(line)[1:])
    assert done.exit_code == 0, done.output
    if "try CreatePayment" in line:
        assert json.loads(done.stdout)["debtor"]["iban"].startswith("rf1.")
    elif "try ListCards" in line:
        assert json.loads(done.stdout) == {"cards": [{"pan": "not-a-number-1"}]}
    else:
        assert "blind_index" in done.stdout


def test_the_page_has_four_commands() -> None:
    assert len(COMMANDS) == 4
