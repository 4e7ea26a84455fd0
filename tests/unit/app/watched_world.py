"""A watch over a made-up stream, for tests of what it does."""

from pathlib import Path

from ringfence.app.watcher import Watcher
from ringfence.clock import Instant
from ringfence.detect.load import in_force, shipped
from ringfence.detect.responses import Act
from ringfence.events import CallDecided, Event, encode
from ringfence.policy.anomaly_model import Anomalies
from ringfence.store.embedded.lmdb_risk import LmdbRisk
from ringfence.store.embedded.sqlite_events import SqliteEvents
from ringfence.store.embedded.sqlite_watch import SqliteWatch
from ringfence.store.interface import Unavailable

NOW = 1_800_000_000.0
USUAL = Anomalies()
ENFORCED = in_force(shipped(), {"path-probing": "enforce"})


def missed(n: int, network: str = "192.0.2.1") -> bytes:
    event = CallDecided(
        Instant(NOW + n), f"c{n}", "t", allowed=False, status=404, reason="unknown-path", path=f"/p{n}", network=network
    )
    return encode(event)


class Management:
    """Takes acts, unless told to be away."""

    def __init__(self) -> None:
        self.done: list[Act] = []
        self.away = False

    async def carry_out(self, act: Act, why: str) -> str:
        assert why.startswith("alert alert_")
        if self.away:
            raise Unavailable("away")
        self.done.append(act)
        return f"{act.kind}:{act.value}"


class World:
    """A stream and the records of detection, both real."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.stream = SqliteEvents(place / "events.db")
        self.records = SqliteWatch(place / "watch.db")
        self.management = Management()
        self.risks = LmdbRisk(place / "risk.mdb")
        self.emitted: list[Event] = []
        self.now = Instant(NOW + 100)

    def watcher(self, rules=ENFORCED, anomalies=USUAL, silences=None) -> Watcher:
        return Watcher(
            rules,
            1000,
            self.stream,
            self.records,
            self.management,
            self.emitted.append,
            lambda: self.now,
            self.risks,
            anomalies,
            silences,
        )

    async def raised(self) -> list[str]:
        return [alert.rule for alert in await self.records.alerts("", undisposed=False, limit=99)]

    async def close(self) -> None:
        await self.stream.close()
        await self.records.close()


async def seen(watcher: Watcher) -> None:
    """Take a batch and give the answers."""
    await watcher.step()
    await watcher.answer()
