"""The watch was down for an hour: what came meanwhile is read in the batches in which it was shipped, and told with its true times."""

import asyncio
import random
from pathlib import Path

from ringfence.app.watcher import Watcher
from ringfence.clock import Instant
from ringfence.detect.detection import Detection
from ringfence.detect.load import in_force, shipped
from ringfence.detect.responses import Act
from ringfence.events import CallDecided, Event, LoginDecided, decode, encode
from ringfence.policy.anomaly_model import Anomalies
from ringfence.store.embedded.lmdb_risk import LmdbRisk
from ringfence.store.embedded.sqlite_events import SqliteEvents
from ringfence.store.embedded.sqlite_watch import SqliteWatch

START = 1_800_000_000.0
HOUR = 3600.0
RULES = in_force(shipped(), {"path-probing": "enforce"})


class Management:
    def __init__(self) -> None:
        self.done: list[Act] = []

    async def carry_out(self, act: Act, why: str) -> str:
        self.done.append(act)
        return why


def calls(rng: random.Random) -> list[Event]:
    """A busy gateway, with a scan in its tenth and one in its last minute."""
    found: list[Event] = [
        CallDecided(Instant(START + n * 0.36), f"c{n}", "t", allowed=True, status=200, client=f"p{rng.randrange(9)}",
                    operation="ReadAccount", network=f"192.0.2.{rng.randrange(9)}")
        for n in range(10_000)
    ]  # fmt: skip
    for network, begin in (("198.51.100.1", 600.0), ("198.51.100.2", HOUR - 30)):
        found += [
            CallDecided(Instant(START + begin + n), f"s{n}", "t", allowed=False, status=404, reason="unknown-path",
                        path=f"/p{n}", network=network)
            for n in range(12)
        ]  # fmt: skip
    return sorted(found, key=lambda event: event.at)


def logins() -> list[Event]:
    """A quiet login page, where somebody guesses a password half an hour long."""
    found: list[Event] = [
        LoginDecided(Instant(START + n * 12.0), f"l{n}", allowed=True, username_hash=f"u{n}", network=f"203.0.113.{n % 200}")
        for n in range(300)
    ]  # fmt: skip
    found += [
        LoginDecided(Instant(START + 1200 + n * 30.0), f"g{n}", allowed=False, username_hash="victim",
                     network="198.51.100.9", reason="login-failed")
        for n in range(60)
    ]  # fmt: skip
    return sorted(found, key=lambda event: event.at)


async def test_the_backlog_is_worked_off_and_told_with_its_true_times(tmp_path: Path) -> None:
    stream, records, management = SqliteEvents(tmp_path / "events.db"), SqliteWatch(tmp_path / "watch.db"), Management()
    busy, quiet = calls(random.Random(5)), logins()
    while busy or quiet:  # each ships what its journal holds, as fast as it can: one is minutes ahead of the other
        await stream.append([encode(event) for event in quiet[:40]])
        await stream.append([encode(event) for event in busy[:500]])
        del quiet[:40], busy[:500]
    risks = LmdbRisk(tmp_path / "risk.mdb")
    watcher = Watcher(
        RULES, 10_000, stream, records, management, lambda _: None, lambda: Instant(START + HOUR + 5), risks,
        Anomalies(mode="off"),
    )  # fmt: skip
    async with asyncio.timeout(60):
        while await watcher.step():
            pass
    await watcher.answer()
    kept = {(one.rule, float(one.at) - START) for one in await records.alerts("", undisposed=False, limit=999)}
    assert {("path-probing", 609.0), ("path-probing", HOUR - 21), ("brute-force", 1530.0)} <= kept
    assert "event-times" not in {rule for rule, _ in kept}, "nothing of it is taken for the future"
    assert [act.value for act in management.done] == ["198.51.100.2"], "the other block would be over by now"

    stored = await stream.read(0, 20_000)
    again = Detection(RULES, 10_000, None)
    replayed = [alert for one in stored for alert in again.feed(one.position, decode(one.data))]
    assert {(alert.rule, float(alert.at) - START) for alert in replayed} == kept
    risks.close()
    await stream.close()
    await records.close()
