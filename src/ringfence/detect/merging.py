"""More alerts of one rule within an hour than anybody can read are counted instead of kept, and that is told.

Not so alerts that are answered, nor those that speak against a client: the one may be the second witness against a
partner, and nobody shall hide it behind others. Of these there are few: responses are bounded, and so are partners.
A function of the stream, as all of detection.
"""

from collections.abc import Iterable
from typing import Any, Final

from ringfence.detect.alert import Alert
from ringfence.detect.own_alerts import own_alert
from ringfence.detect.risk import ANOMALIES

MERGED: Final = "alerts-merged"
HOUR: Final = 3_600
MOST_AN_HOUR: Final = 200
_OVER, _PASSED, _MERGED = range(3)


class Merging:
    """What of each rule has passed in its hour."""

    def __init__(self, most_an_hour: int = MOST_AN_HOUR) -> None:
        """Let so many alerts of a rule pass in an hour."""
        self._most = most_an_hour
        self._rules: dict[str, list[Any]] = {}
        """When the hour is over, what passed in it, what was merged."""
        self.next_over = float("inf")
        """When there is something to tell."""

    def passing(self, alerts: Iterable[Alert]) -> list[Alert]:
        """Return the alerts that are kept, and one that says so where merging begins."""
        passed: list[Alert] = []
        for alert in alerts:
            if alert.mode == "enforce" or "client" in alert.group or alert.rule in ANOMALIES:
                passed.append(alert)
            elif self._merges(alert):
                if self._rules[alert.rule][_MERGED] == 1:
                    passed.append(self._told(alert.rule, alert.at, alert.position, 1, over=False))
            else:
                passed.append(alert)
        return passed

    def _merges(self, alert: Alert) -> bool:
        counted = self._rules.get(alert.rule)
        if counted is None or (alert.at >= counted[_OVER] and not counted[_MERGED]):
            counted = self._rules[alert.rule] = [(int(alert.at // HOUR) + 1) * HOUR, 0, 0]
        if counted[_PASSED] < self._most:
            counted[_PASSED] += 1
            return False
        counted[_MERGED] += 1
        self.next_over = min(self.next_over, counted[_OVER])
        return True

    def over(self, now: float, position: int) -> list[Alert]:
        """Return what was merged in the hours that are over."""
        told = []
        for rule, counted in sorted(self._rules.items()):
            if counted[_MERGED] and counted[_OVER] <= now:
                told.append(self._told(rule, now, position, counted[_MERGED], over=True))
                del self._rules[rule]
        self._find_next()
        return told

    def _find_next(self) -> None:
        self.next_over = min((one[_OVER] for one in self._rules.values() if one[_MERGED]), default=float("inf"))

    def _told(self, rule: str, at: float, position: int, merged: int, *, over: bool) -> Alert:
        said = (
            f"{merged} more alerts of `{rule}` within the hour than the {self._most} that are kept"
            if over
            else f"more than {self._most} alerts of `{rule}` within the hour: from now on they are counted; see who floods"
        )
        return own_alert(
            MERGED, "medium", at, position, "Alerts that were merged", {"rule": rule}, {"merged": float(merged)}, said
        )

    def snapshot(self) -> list[Any]:
        """Return the state as plain values."""
        return [(rule, *counted) for rule, counted in self._rules.items()]

    def restore(self, saved: Iterable[Any]) -> None:
        """Go on from a snapshot."""
        self._rules = {rule: counted for rule, *counted in saved}
        self._find_next()
