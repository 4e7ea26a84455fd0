"""Calls, operations and tokens for the tests of the chain."""

from typing import Any

import jsonschema_rs

from ringfence.clock import Instant
from ringfence.gateway.stages import Assessed, Attested, Identified, Limited, Located
from ringfence.ids import CorrelationId
from ringfence.message import Peer, Request, TraceContext
from ringfence.policy.free_text import everything
from ringfence.policy.limits_model import Limit
from ringfence.policy.model import Upstream
from ringfence.policy.operations import Body, EffectiveDemands, Operation, Parameter
from ringfence.proofs.access_token import AccessToken

NOW = Instant(1_760_000_000.0)
UPSTREAM = Upstream(url="http://127.0.0.1:9")


def request(
    method: str = "GET", path: str = "/a", query: str = "", headers: tuple[tuple[str, str], ...] = ()
) -> Request:
    return Request(
        method=method,
        scheme="https",
        authority="api.example",
        path=path,
        query=query,
        headers=headers,
        body=b"",
        peer=Peer("192.0.2.7"),
        correlation=CorrelationId("c" * 26),
        trace=TraceContext("0" * 31 + "1", "0" * 15 + "1", sampled=True),
    )


def validator(schema: dict[str, Any]) -> Any:
    return jsonschema_rs.Draft202012Validator(schema)


def parameter(name: str, schema: dict[str, Any], location: str = "query", **more: Any) -> Parameter:
    kind = schema.get("type", "any")
    defaults: dict[str, Any] = {
        "required": False,
        "style": "form" if location in {"query", "cookie"} else "simple",
        "explode": location in {"query", "cookie"},
        "kind": kind,
        "item_kind": schema.get("items", {}).get("type", "any"),
        "property_kinds": {k: v.get("type", "any") for k, v in schema.get("properties", {}).items()},
    }
    return Parameter(name=name, location=location, validator=validator(schema), **{**defaults, **more})


def operation(**more: Any) -> Operation:
    demands = more.pop("demands", {})
    fields: dict[str, Any] = {
        "api": "bank",
        "version": "v1",
        "operation_id": "GetA",
        "method": "GET",
        "template": "/a",
        "upstream": UPSTREAM,
        "upstream_name": "bank/v1",
        "demands": EffectiveDemands(
            **{
                "scopes": frozenset({"accounts"}),
                "user_required": True,
                "binding": "any",
                "limits": (),
                "max_body_bytes": 65536,
                **demands,
            }
        ),
        "parameters": (),
        "bodies": {},
        "body_required": False,
        "unknown_query": "refuse",
        "statuses": frozenset({"200"}),
    }
    return Operation(**{**fields, **more})


def json_body(schema: dict[str, Any]) -> dict[str, Body]:
    return {"application/json": Body("application/json", validator(schema), texts=everything())}


def token(**more: Any) -> AccessToken:
    fields: dict[str, Any] = {
        "token_hash": "h",
        "jti": "j1",
        "client_id": "client_a",
        "subject": "user_a",
        "user_id": "user_a",
        "scopes": frozenset({"accounts"}),
        "grant_id": "grant_a",
        "issued_at": NOW,
        "not_before": NOW,
        "expires_at": Instant(NOW + 300),
        "jkt": "k" * 43,
        "x5t_s256": "",
        "auth_time": None,
        "acr": "",
        "kid": "k1",
    }
    return AccessToken(**{**fields, **more})


def located(op: Operation, req: Request, path_parameters: dict[str, str] | None = None) -> Located:
    return Located(req, op, path_parameters or {}, req.path)


def limited(op: Operation, req: Request) -> Limited:
    return Limited(Assessed(Identified(located(op, req), token(), None)), -1)


def attested(op: Operation, req: Request, body: bytes) -> Attested:
    return Attested(limited(op, req), body, body)


def limits(**rules: Limit) -> tuple[tuple[str, Limit], ...]:
    return tuple(rules.items())
