"""The frame of every request: what is not understood, and what is answered when we fail."""

import json

import pytest


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "json-malformed"),
        (b"\xff", "json-malformed"),
        (b'{"name":"a","name":"b"}', "json-duplicate-key"),
        (b"[" * 100 + b"]" * 100, "json-too-deep"),
        (b"[]", "admin-request"),
        (b'{"name":5}', "admin-request"),
        (b'{"name":"a","extra":1}', "admin-request"),
        (b'{"name":"a","authentication":"none"}', "admin-request"),
        (b"", "admin-request"),
    ],
)
async def test_a_bad_body_is_refused(api, ports, body: bytes, reason: str, problem) -> None:
    response = await api.post("/clients", content=body, headers={"content-type": "application/json"})
    problem(response, 400, reason)
    assert await ports.records.list_clients() == []


async def test_the_fault_names_the_member(api, asked) -> None:
    response = await api.post("/clients", json={**asked, "redirect_uris": ["https://a.example/", 5]})
    assert response.json()["errors"][0]["at"] == "/redirect_uris/1"


async def test_other_media_types_large_bodies_and_queries_are_refused(api, asked, problem) -> None:
    problem(await api.post("/clients", data={"name": "x"}), 415, "media-type")
    large = json.dumps({**asked, "name": "x" * 300_000})
    headers = {"content-type": "application/json"}
    problem(await api.post("/clients", content=large, headers=headers), 413, "body-too-large")
    problem(await api.get("/clients?all=1"), 400, "parameter-unknown")
    problem(await api.get("/grants?limit=1&limit=2"), 400, "parameter-duplicate")
    problem(await api.get("/nothing"), 404, "unknown-path")
    problem(await api.put("/clients", json=asked), 405, "method-not-allowed")
