"""`ringfence alerts`: list, show, picture, dispose."""

import asyncio
import json

import msgspec

from ringfence.clock import Instant
from ringfence.detect.alert import Alert
from ringfence.events import CallDecided, encode
from ringfence.store.embedded.sqlite_events import SqliteEvents
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


def test_what_an_attacker_chose_reaches_no_terminal_raw(managed, ok, place) -> None:
    forged = "x\x1b[2J\r\n2026-01-01 low benign\u202e\x9b31m\x00[bold]"
    detail = DETAIL | {"group": {"path": forged}, "context": {"client": forged}, "evidence": [[7, forged]]}
    raw = msgspec.Raw(msgspec.json.encode(detail))
    explained = f"10 paths like {forged} within a minute"
    alert = KeptAlert("alert_1", "r", Instant(1.0), "high", "alert", "t", explained, raw, "none")

    async def keep() -> None:
        watch = SqliteWatch(place / "s" / "watch.db")
        await watch.keep([alert])
        await watch.close()

    asyncio.run(keep())
    listed, shown = ok(managed("alerts", "list")), ok(managed("alerts", "show", "alert_1"))
    for text in (listed, shown, ok(managed("alerts", "show", "alert_1", "--json"))):
        assert all(c.isprintable() or c == "\n" for c in text)
        assert "[bold]" in text, "shown as it is, not obeyed"
    assert len(listed.splitlines()) == 2, "one line an alert, under the heading"
    assert json.loads(ok(managed("alerts", "list", "--json")))[0]["explanation"] == explained, "programs get it whole"


def test_a_picture_of_an_alert(managed, ok, place, tmp_path) -> None:
    group = {"network": "192.0.2.1"}
    alert = Alert("alert_1", "path-probing", Instant(1e9), 1, "high", "alert", "Doors", group, {"paths": 10}, "ten", ())
    raw = msgspec.Raw(msgspec.json.encode(alert))
    events = [
        CallDecided(
            Instant(1e9), "c", "t", allowed=False, status=404, reason="unknown-path", path="/p", network="192.0.2.1"
        )
    ]

    async def keep() -> None:
        watch, stream = SqliteWatch(place / "s" / "watch.db"), SqliteEvents(place / "s" / "events.db")
        await watch.keep(
            [KeptAlert("alert_1", "path-probing", Instant(1e9), "high", "alert", "Doors", "ten", raw, "none")]
        )
        await stream.append([encode(event) for event in events])
        await watch.close()
        await stream.close()

    asyncio.run(keep())
    assert "paths: usually 0 in 10 s, then up to 1" in ok(managed("alerts", "show", "alert_1"))
    ok(managed("alerts", "picture", "alert_1", "--to", str(tmp_path / "a.html")))
    assert (tmp_path / "a.html").read_text().count("<rect") == 1
