import json
from typing import Any

import pytest

from ringfence.policy.document import Document, parse_document
from ringfence.policy.model import ApiVersion, Upstream
from ringfence.policy.openapi import compile_document
from ringfence.policy.starter import Asked, base_path_of, demands_of, is_scope, name_of, sentences, title_of, version_of


def document(**more: Any) -> Document:
    return parse_document(json.dumps({"openapi": "3.0.3", "paths": {}, **more}).encode(), "f")


def test_names_come_from_the_document() -> None:
    one = document(
        info={"title": "The Account\n API: specification", "version": "release 4.0.1"},
        servers=[{"url": "https://h/open-banking/v4.0/aisp/"}],
    )
    assert (title_of(one), name_of(title_of(one)), version_of(one)) == (
        "The Account API: specification",
        "account",
        "v4",
    )
    assert base_path_of(one) == "/open-banking/v4.0/aisp"
    none = document(servers=[{"url": "https://{host}/{x}"}])
    assert (title_of(none), name_of("!!!"), version_of(none), base_path_of(none)) == ("API", "api", "v1", "")
    assert base_path_of(document(servers=[{"url": "http://[bad/x"}])) == ""
    assert len(name_of("word " * 50)) <= 40


def test_scopes_and_customers_come_from_the_security() -> None:
    schemes = {
        "client": {"type": "oauth2", "flows": {"clientCredentials": {"scopes": {"pay": "Pay\n things"}}}},
        "person": {"type": "oauth2", "flows": {"authorizationCode": {"scopes": {}}}},
        "key": {"type": "apiKey", "name": "X", "in": "header"},
    }
    paths = {
        "/a": {"get": {"security": [{"client": ["pay"]}]}, "put": {"security": [{"person": ["pay", "bad scope"]}]}},
        "/b": {"get": {"security": [{"key": []}]}, "put": {}},
    }
    one = document(paths=paths, components={"securitySchemes": schemes})
    version = ApiVersion(name="v", openapi="x", upstream=Upstream(url="http://u"))
    found = demands_of(one, compile_document(one, "a", version, {}).declared, "fallback")
    assert found == {
        "GET /a": Asked(("pay",), customer=False),
        "PUT /a": Asked(("pay",), customer=True),
        "GET /b": Asked(("fallback",), customer=True),
        "PUT /b": Asked(("fallback",), customer=True),
    }
    assert sentences(one, ["pay", "x"], "Bank") == {"pay": "Pay things", "x": "Use Bank on your behalf"}


@pytest.mark.parametrize(
    ("text", "good"), [("accounts", True), ("openid:x/y", True), ("a b", False), ('a"', False), ("", False)]
)
def test_is_scope(text: str, good: bool) -> None:
    assert is_scope(text) is good
