"""`ringfence cases`."""

import asyncio
import json

import msgspec

from ringfence.clock import Instant
from ringfence.store.embedded.sqlite_watch import SqliteWatch
from ringfence.store.watch_interface import KeptAlert


def test_a_case_from_its_opening_to_its_end(managed, ok, place) -> None:
    raw = msgspec.Raw(b'{"evidence": [[7, "c7"]], "context": {}}')

    async def keep() -> None:
        watch = SqliteWatch(place / "s" / "watch.db")
        await watch.keep(
            [
                KeptAlert(f"alert_{n}", "r", Instant(float(n)), "high", "alert", "Ten tries", "e", raw, "none")
                for n in (1, 2, 3)
            ]
        )
        await watch.close()

    asyncio.run(keep())
    assert "There are no cases" in ok(managed("cases", "list"))
    assert "Ten tries, 1 alerts" in ok(managed("cases", "open", "alert_1"))
    ok(managed("cases", "open", "alert_2", "--title", "Another", "--related"))
    first, second = sorted(
        json.loads(ok(managed("cases", "list", "--json"))), key=lambda case: case["title"] == "Another"
    )
    one, two = first["case_id"], second["case_id"]
    assert "2 alerts" in ok(managed("cases", "add", one, "alert_3"))
    assert "noted" in ok(managed("cases", "note", one, "partner called"))
    assert "3 alerts" in ok(managed("cases", "merge", two, one))
    shown = ok(managed("cases", "show", one))
    assert "partner called" in shown
    assert "c7" in shown
    assert json.loads(ok(managed("cases", "show", one, "--json")))["case"]["case_id"] == one
    assert "benign" in ok(managed("cases", "close", one, "benign", "--note", "load test"))
    assert json.loads(ok(managed("cases", "list", "--open", "--json"))) == []
    assert managed("cases", "close", one, "attack").exit_code == 1
    assert managed("cases", "show", "case_9").exit_code == 1
