"""`ringfence alerts`: list, show, dispose."""

import asyncio
import json

import msgspec

from ringfence.clock import Instant
from ringfence.store.embedded.sqlite_watch import SqliteWatch
from ringfence.store.watch_interface import KeptAlert

DETAIL = {"group": {"network": "n"}, "measures": {}, "context": {}, "owasp": [], "attack": [], "evidence": [[7, "c7"]]}


def test_alerts(managed, ok, place) -> None:
    assert "There are no alerts" in ok(managed("alerts", "list"))
    raw = msgspec.Raw(msgspec.json.encode(DETAIL))
    alert = KeptAlert("alert_1", "r", Instant(1.0), "high", "alert", "t", "ten tries", raw, "none")

    async def keep() -> None:
        watch = SqliteWatch(place / "s" / "watch.db")
        await watch.keep([alert])
        await watch.close()

    asyncio.run(keep())
    assert "ten tries" in ok(managed("alerts", "list", "--open"))
    shown = ok(managed("alerts", "show", "alert_1"))
    assert "c7" in shown
    assert json.loads(ok(managed("alerts", "show", "alert_1", "--json")))["detail"]["group"] == {"network": "n"}
    assert "attack" in ok(managed("alerts", "dispose", "alert_1", "attack", "--note", "case 12"))
    assert json.loads(ok(managed("alerts", "list", "--open", "--json"))) == []
    assert managed("alerts", "dispose", "alert_1", "perhaps").exit_code == 1
    assert managed("alerts", "show", "alert_2").exit_code == 1
