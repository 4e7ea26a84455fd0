"""Everything that the watch knows: rules, anomalies and risk, fed by one stream and kept in one snapshot."""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from ringfence.detect.alert import Alert
from ringfence.detect.anomaly.baseline_file import Header, InvalidBaseline, header_of, load_into
from ringfence.detect.anomaly.detector import DEFAULTS, AnomalyDetector, Settings
from ringfence.detect.compiled import CompiledRule
from ringfence.detect.engine import Engine
from ringfence.detect.history import Positions, nowhere
from ringfence.detect.merging import MOST_AN_HOUR, Merging
from ringfence.detect.risk import RiskBook
from ringfence.detect.slices import Encoding, whole
from ringfence.events import Event
from ringfence.events.detection import BaselineLoaded, RiskCleared

Baselines = Callable[[str], bytes]
"""From the SHA-256 to the file of what is usual.  Raises InvalidBaseline where there is none."""


def no_baseline(_: str) -> bytes:
    """Know no file."""
    raise InvalidBaseline("there are no files here")


class Detection:
    """A function of the stream, and of the files that it names by their hash."""

    def __init__(
        self,
        rules: Sequence[CompiledRule],
        most_groups: int,
        anomalies: Settings | None = DEFAULTS,
        positions: Positions = nowhere,
        alerts_an_hour: int = MOST_AN_HOUR,
        baselines: Baselines = no_baseline,
    ) -> None:
        """Start knowing nothing.

        Args:
            rules: compiled, in force.
            most_groups: that one rule remembers.
            anomalies: None: they are not looked for.
            positions: says where networks are.
            alerts_an_hour: of one rule that are kept.
            baselines: finds files of what is usual, which the stream says to go on from.
        """
        self._baselines = baselines
        self.anomalies = AnomalyDetector(anomalies) if anomalies is not None else None
        self.baseline = ""
        """SHA-256 of the file that was loaded last."""
        self.engine = Engine(rules, most_groups, positions)
        self.risk = RiskBook()
        self.merging = Merging(alerts_an_hour)

    def feed(self, position: int, event: Event) -> list[Alert]:
        """Take the next event of the stream and return the alerts that it raises."""
        if isinstance(event, RiskCleared):
            self.risk.clear(event.kind, event.value, event.at)
        elif isinstance(event, BaselineLoaded) and event.sha256 != self.baseline:
            with contextlib.suppress(InvalidBaseline):
                self.load_baseline(self._baselines(event.sha256))
        alerts = self.engine.feed(position, event)
        if self.anomalies is not None:
            alerts += self.anomalies.feed(position, event)
            for quiet in self.anomalies.quiet:
                self.risk.note(quiet)
            self.anomalies.quiet.clear()
        for alert in alerts:
            self.risk.note(alert)
        if alerts:
            alerts = self.merging.passing(alerts)
        if self.engine.now >= self.merging.next_over:
            alerts += self.merging.over(self.engine.now, position)
        return alerts

    def snapshot(self) -> bytes:
        """Return the whole state, to go on from later."""
        return whole(self.encoding())

    def encoding(self) -> Encoding[bytes]:
        """Encode the whole state; no event may be fed until that is done."""
        rules = yield from self.engine.encoding()
        anomalies = (yield from self.anomalies.encoding()) if self.anomalies else b""
        history = self.engine.history.snapshot()
        yield
        risk = self.risk.snapshot()
        yield
        return msgspec.msgpack.encode(
            {
                "rules": rules,
                "history": history,
                "risk": risk,
                "anomalies": anomalies,
                "baseline": self.baseline,
                "merging": self.merging.snapshot(),
            }
        )

    def restore(self, snapshot: bytes) -> None:
        """Go on from a snapshot; one from before there was anything but rules is one of rules."""
        saved: dict[str, Any] = msgspec.msgpack.decode(snapshot)
        if not isinstance(saved.get("rules"), bytes):
            self.engine.restore(snapshot)
            return
        self.engine.restore(saved["rules"])
        if saved.get("history"):
            self.engine.history.restore(saved["history"])
        self.risk.restore(saved["risk"])
        self.baseline = saved["baseline"]
        self.merging.restore(saved.get("merging", []))
        if self.anomalies is not None and saved["anomalies"]:
            self.anomalies.restore(saved["anomalies"])

    def load_baseline(self, data: bytes) -> Header | None:
        """Go on from a file of what is usual; None where it is the one that was loaded last.  Raises InvalidBaseline."""
        header = header_of(data)
        if self.anomalies is None or header.sha256 == self.baseline:
            return None
        loaded = AnomalyDetector(self.anomalies.settings)
        load_into(data, loaded)
        self.anomalies, self.baseline = loaded, header.sha256
        return header
