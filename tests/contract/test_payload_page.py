"""The example of docs/card-data.md: its policy is loaded, and means what the page says."""

import json
import re
from pathlib import Path

import pytest

from ringfence.policy.load import LoadedPolicy, load
from ringfence.policy.mistakes import PolicyMistakes
from ringfence.policy.payload_model import PayloadEncryption
from ringfence.protect.partner_profiles import REQUESTS

PAGE = (Path(__file__).parents[2] / "docs" / "card-data.md").read_text("utf-8")
(BLOCK,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def _operation(name: str) -> dict[str, object]:
    schema = {
        "type": "object",
        "properties": {
            "card": {"type": "object", "properties": {"number": {"type": "string"}}},
            "amount": {"type": "string"},
        },
    }
    body = {"content": {"application/json": {"schema": schema}}}
    return {"operationId": name, "requestBody": body, "responses": {"200": {"description": "ok"}}}


DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "Bank", "version": "1"},
    "security": [{"o": []}],
    "paths": {
        "/payments": {"post": _operation("createPayment"), "put": _operation("changePayment")},
        "/orders": {"post": _operation("createOrder")},
    },
}


def loaded(directory: Path, signer: str = "") -> LoadedPolicy:
    (directory / "bank.json").write_text(json.dumps(DOCUMENT))
    (directory / "a.pem").write_text("certificate")
    (directory / "a.key").write_text("key")
    (directory / "a.key").chmod(0o600)
    (directory / "ringfence.yaml").write_text(f"""\
version: 1
issuer: https://localhost:8443
listeners: {{public: {{port: 8443, tls: {{certificate: a.pem, key: a.key}}}}}}
oauth: {{scopes: {{payments: Pay}}}}
{signer}
apis:
  - name: bank
    versions:
      - name: v1
        openapi: bank.json
        upstream: {{url: "http://127.0.0.1:9000"}}
        defaults: {{scopes: [payments]}}
{BLOCK}on_outage: {{fast_state: refuse, records: refuse, events: refuse, upstream: refuse}}
""")
    return load(directory / "ringfence.yaml")


def test_the_pages_policy_says_what_the_page_says(tmp_path: Path) -> None:
    asked = {one.operation_id: one.demands.payload for one in loaded(tmp_path).table.operations}
    whole = {"$": "$"}
    assert asked == {
        "createPayment": PayloadEncryption(profile="mastercard-jwe", request="required", at={"encryptedCard": "card"}),
        "changePayment": PayloadEncryption(profile="visa-mle", request="required", at=whole),
        "createOrder": PayloadEncryption(profile="jwe", request="required", at=whole),
    }
    for name in re.findall(r"`(mastercard-jwe|visa-[a-z0-9-]+|jwe)`", PAGE):
        assert name in REQUESTS


def test_another_provider_needs_what_the_page_says(tmp_path: Path) -> None:
    device = "signer: {provider: pkcs11, pkcs11: {library: l.so, token: t, pin_file: p}}"
    with pytest.raises(PolicyMistakes, match="opens no payloads"):
        loaded(tmp_path, device)
    assert "signer: {keep_local: [payload]}" in PAGE
    assert loaded(tmp_path, device.replace("pkcs11,", "pkcs11, keep_local: [payload],", 1)).table.operations
    vault = "signer: {provider: vault, vault: {url: 'https://v', token_file: t}}"
    assert loaded(tmp_path, vault).table.operations
