"""Small documents and policies, made to order."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ringfence.policy.document import Document, parse_document
from ringfence.policy.model import ApiVersion, Demands, Upstream
from ringfence.policy.openapi import CompiledDocument, compile_document

SHARED = Path(__file__).parents[4] / "shared" / "openapi"

Compile = Callable[..., CompiledDocument]


@pytest.fixture
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the public documents in ../shared/openapi are absent")
    return SHARED


def document(paths: dict[str, Any], version: str = "3.0.3", **more: Any) -> Document:
    content = {
        "openapi": version,
        "info": {"title": "T", "version": "1"},
        "security": [{"o": []}],
        "paths": paths,
        **more,
    }
    return parse_document(json.dumps(content).encode(), "t.json")


def api_version(**more: Any) -> ApiVersion:
    wanted = {
        "name": "v1",
        "openapi": "t.json",
        "upstream": Upstream(url="http://u"),
        "defaults": Demands(scopes=("s",)),
    }
    return ApiVersion(**(wanted | more))


@pytest.fixture
def compiled() -> Compile:
    def run(paths: dict[str, Any], version: str = "3.0.3", policy: dict[str, Any] | None = None, **more: Any) -> Any:
        return compile_document(document(paths, version, **more), "api", api_version(**(policy or {})), {})

    return run


@pytest.fixture
def posting(compiled: Compile) -> Callable[..., Any]:
    """Compile one POST /p with this JSON body schema; return (validator or None, fault names)."""

    def run(schema: Any, version: str = "3.0.3", **schemas: Any) -> tuple[Any, list[str]]:
        content = {"application/json": {"schema": schema}}
        operation = {"requestBody": {"content": content}, "responses": {}}
        result = compiled({"/p": {"post": operation}}, version, components={"schemas": schemas})
        faults = [f.fault for f in result.faults]
        if not result.operations:
            return None, faults
        return result.operations[0].bodies["application/json"].validator, faults

    return run


POLICY = """\
version: 1
issuer: https://localhost:8443
listeners:
  public:
    port: 8443
    tls: {certificate: server.pem, key: server.key}
oauth:
  scopes: {pay: Pay}
limits:
  client: {per: client, rate_per_second: 1, burst: 2}
apis:
  - name: bank
    versions:
      - name: v1
        openapi: bank.yaml
        upstream: {url: "http://127.0.0.1:9000"}
        defaults: {scopes: [pay], limits: [client]}
on_outage: {fast_state: refuse, records: refuse, events: refuse, upstream: refuse}
"""

BANK = """\
openapi: 3.0.3
info: {title: Bank, version: 1.0.0}
security: [{o: []}]
paths:
  /accounts:
    get: {operationId: getAccounts, responses: {'200': {description: ok}}}
"""


@pytest.fixture
def installation(tmp_path: Path) -> Callable[..., Path]:
    """Write a policy with its files; replacements are pairs of old and new text."""

    def write(*replacements: tuple[str, str], bank: str = BANK) -> Path:
        text = POLICY
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "ringfence.yaml").write_text(text)
        (tmp_path / "bank.yaml").write_text(bank)
        (tmp_path / "server.pem").write_text("certificate")
        (tmp_path / "server.key").write_text("key")
        (tmp_path / "server.key").chmod(0o600)
        return tmp_path / "ringfence.yaml"

    return write


@pytest.fixture
def make_document() -> Callable[..., Document]:
    return document


@pytest.fixture
def make_version() -> ApiVersion:
    return api_version()
