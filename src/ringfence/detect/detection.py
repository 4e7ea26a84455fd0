"""Everything that the watch knows: rules and risk, fed by one stream and kept in one snapshot."""

from collections.abc import Sequence
from typing import Any

import msgspec

from ringfence.detect.alert import Alert
from ringfence.detect.compiled import CompiledRule
from ringfence.detect.engine import Engine
from ringfence.detect.risk import RiskBook
from ringfence.events import Event
from ringfence.events.detection import RiskCleared


class Detection:
    """A function of the stream."""

    def __init__(self, rules: Sequence[CompiledRule], most_groups: int) -> None:
        """Start knowing nothing."""
        self.engine = Engine(rules, most_groups)
        self.risk = RiskBook()

    def feed(self, position: int, event: Event) -> list[Alert]:
        """Take the next event of the stream and return the alerts that it raises."""
        if isinstance(event, RiskCleared):
            self.risk.clear(event.kind, event.value, event.at)
        alerts = self.engine.feed(position, event)
        for alert in alerts:
            self.risk.note(alert)
        return alerts

    def snapshot(self) -> bytes:
        """Return the whole state, to go on from later."""
        return msgspec.msgpack.encode({"rules": self.engine.snapshot(), "risk": self.risk.snapshot()})

    def restore(self, snapshot: bytes) -> None:
        """Go on from a snapshot; one from before there was anything but rules is one of rules."""
        saved: dict[str, Any] = msgspec.msgpack.decode(snapshot)
        if not isinstance(saved.get("rules"), bytes):
            self.engine.restore(snapshot)
            return
        self.engine.restore(saved["rules"])
        self.risk.restore(saved["risk"])
