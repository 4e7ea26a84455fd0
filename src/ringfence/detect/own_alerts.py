"""Alerts about detection itself: what it could not do as it should, told as everything else is told."""

from typing import Final

from ringfence.clock import Instant
from ringfence.detect.alert import Alert, alert_id
from ringfence.detect.rule import Level

EVENT_TIMES: Final = "event-times"
RULE_FAILED: Final = "rule-failed"
EVERY: Final = 3_600.0
"""Seconds of the stream's time within which one of a kind is told once."""


def own_alert(
    rule: str,
    level: Level,
    at: float,
    position: int,
    title: str,
    group: dict[str, str],
    measures: dict[str, float],
    explanation: str,
) -> Alert:
    """Return an alert that no rule raises."""
    return Alert(
        alert_id=alert_id(rule, tuple(group.values()), position),
        rule=rule,
        at=Instant(at),
        position=position,
        level=level,
        mode="alert",
        title=title,
        group=group,
        measures=measures,
        explanation=explanation,
        evidence=((position, ""),),
    )


def times_not_believed(at: float, position: int, events: int, seconds: float) -> Alert:
    """Return what is told of events whose time lies ahead of the stream's."""
    return own_alert(
        EVENT_TIMES,
        "medium",
        at,
        position,
        "Events from the future",
        {"all": "all"},
        {"events": float(events), "seconds": round(seconds, 3)},
        f"{events} events are dated up to {seconds:,.0f} s ahead of the others and were counted as of now: see which"
        " clock is wrong",
    )


def rule_failed(rule: str, at: float, position: int, why: str) -> Alert:
    """Return what is told of a rule that is not asked any more."""
    return own_alert(
        RULE_FAILED,
        "high",
        at,
        position,
        "A rule that broke",
        {"rule": rule},
        {},
        f"`{rule}` could not judge an event and is left out until it is changed; all others go on: {why[:200]}",
    )
