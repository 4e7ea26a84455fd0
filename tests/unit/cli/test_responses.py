"""`ringfence responses`: list, approve, undo."""

import json

import httpx


def test_responses(managed, ok, place) -> None:
    assert "Nothing was done" in ok(managed("responses", "list"))
    transport = httpx.HTTPTransport(uds=str(place / "s" / "run" / "admin.sock"))
    with httpx.Client(transport=transport, base_url="http://management") as http:
        asked = {"kind": "step-up", "of": "network", "value": "192.0.2.7", "why": "guessing", "seconds": 600}
        assert http.post("/responses", json=asked).json()["state"] == "done"
        held = http.post("/responses", json=asked | {"value": "192.0.2.8", "hold": True}).json()
    assert "guessing" in ok(managed("responses", "list"))
    (waiting,) = json.loads(ok(managed("responses", "list", "--held", "--json")))
    assert waiting["response_id"] == held["response_id"]
    assert "step-up of network 192.0.2.8: done" in ok(managed("responses", "approve", held["response_id"]))
    assert managed("responses", "approve", held["response_id"]).exit_code == 1
    assert "undone" in ok(managed("responses", "undo", held["response_id"]))
    assert managed("responses", "undo", "response_x").exit_code == 1
