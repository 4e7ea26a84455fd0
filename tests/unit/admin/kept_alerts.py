"""Alerts as the watch keeps them, for tests of what is done about them."""

import msgspec

from ringfence.clock import Instant
from ringfence.detect.alert import Alert
from ringfence.store.watch_interface import KeptAlert

NOW = Instant(1_800_000_000.0)


def kept(n: int = 1, rule: str = "brute-force", **group: str) -> KeptAlert:
    group = group or {"network": "192.0.2.7"}
    context = {"client": "c_1", **group}
    alert = Alert(
        f"alert_{n}", rule, NOW, n, "high", "enforce", "Guessing", group, {}, f"seen {n}", (), context=context
    )
    return KeptAlert(
        alert.alert_id,
        rule,
        NOW,
        "high",
        "enforce",
        alert.title,
        alert.explanation,
        msgspec.Raw(msgspec.json.encode(alert)),
    )
