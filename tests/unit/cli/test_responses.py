"""`ringfence responses`: list, approve, undo, rungs, forget."""

import asyncio
import json

import httpx

from ringfence.clock import Instant
from ringfence.store.embedded.sqlite_watch import SqliteWatch
from ringfence.store.rung_interface import KeptRung


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


def test_rungs(managed, ok, place) -> None:
    assert "Nobody stands" in ok(managed("responses", "rungs"))
    stands = KeptRung("book", "user", "user_1", True, 2, Instant(1.0), Instant(4e9), "alert_1")  # noqa: FBT003 - as its columns

    async def climb() -> None:
        watch = SqliteWatch(place / "s" / "watch.db")
        await watch.climb(stands, 3)
        await watch.close()

    asyncio.run(climb())
    assert "book (dry-run)" in ok(managed("responses", "rungs"))
    (found,) = json.loads(ok(managed("responses", "rungs", "--json")))
    assert (found["rung"], found["value"]) == (2, "user_1")
    assert "user user_1 begins below." in ok(managed("responses", "forget", "book", "user", "user_1"))
    assert managed("responses", "forget", "book", "user", "user_1").exit_code == 1
