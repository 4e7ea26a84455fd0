"""What playbooks do about an alert.

Whom a network or client is, only the alert's group says: the last event of an attack from everywhere came from
somebody's network, and that somebody need not be an attacker.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from ringfence.detect.alert import Alert
from ringfence.detect.playbook import LEVELS, Ladder, Playbook, PlaybookStep
from ringfence.detect.responses import Act, has_second_rule
from ringfence.detect.rule import Rule, seconds
from ringfence.store.response_interface import ENDING

_STRANGERS: Final = frozenset({"network", "client"})
NO_RUNGS: Final[Mapping[str, int]] = {}
RUNG: Final = "/"
"""Between a playbook's id and the number of a rung."""


def playbook_acts(
    playbooks: Sequence[Playbook],
    rule: Rule,
    alert: Alert,
    others: Sequence[Alert],
    rungs: Mapping[str, int] = NO_RUNGS,
) -> tuple[Act, ...]:
    """Return what playbooks call for; nothing unless the rule is enforced.

    Args:
        playbooks: those that are in force.
        rule: the rule that raised it, in the mode that is in force.
        alert: what was seen.
        others: further alerts of the last hour.
        rungs: by playbook with a ladder, the rung from 1 on that the alert has reached.
    """
    if rule.mode != "enforce":
        return ()
    return tuple(
        act
        for playbook in playbooks
        if rule.id in playbook.rules
        for named, step in _steps(playbook, rungs.get(playbook.id, 0))
        for act in _step_acts(named, step, alert, others)
    )


def climbers(playbooks: Sequence[Playbook], rule: Rule, alert: Alert) -> list[tuple[Playbook, Ladder, str]]:
    """Return each playbook whose ladder an alert has somebody climb, the ladder, and who it is."""
    if rule.mode != "enforce":
        return []
    return [
        (playbook, playbook.ladder, value)
        for playbook in playbooks
        if playbook.ladder is not None and rule.id in playbook.rules
        if (value := _whom(playbook.ladder.of, alert))
    ]


def rung_of_risk(ladder: Ladder, risk: float) -> int:
    """Return the highest rung, from 1 on, that a risk reaches at once."""
    reached = [n for n, rung in enumerate(ladder.rungs, 1) if rung.from_risk is not None and risk >= rung.from_risk]
    return max(reached, default=1)


def _steps(playbook: Playbook, rung: int) -> Iterator[tuple[Playbook, PlaybookStep]]:
    """Yield each step with the playbook under the name that its acts carry: on a ladder, with the rung."""
    yield from ((playbook, step) for step in playbook.steps)
    if playbook.ladder is not None and rung:
        named = msgspec.structs.replace(playbook, id=f"{playbook.id}{RUNG}{rung}")
        yield from ((named, step) for step in playbook.ladder.rungs[rung - 1].steps)


def _whom(of: str, alert: Alert) -> str:
    value = alert.group.get(of, "")
    return value or (alert.context.get(of, "") if of not in _STRANGERS else "")


def _step_acts(playbook: Playbook, step: PlaybookStep, alert: Alert, others: Sequence[Alert]) -> Iterator[Act]:
    if LEVELS.index(alert.level) < LEVELS.index(step.from_level):
        return
    if step.do == "notify":
        dry_run = playbook.mode == "dry-run"
        yield from (Act("notify", "channel", name, playbook=playbook.id, dry_run=dry_run) for name in step.channels)
    elif (act := _act(playbook, step, alert, others)) is not None:
        yield act


def _act(playbook: Playbook, step: PlaybookStep, alert: Alert, others: Sequence[Alert]) -> Act | None:
    value = _whom(step.of, alert)
    if not value:
        return None
    # A partner is stopped by two different rules, or by a person.
    stops_partner = step.of == "client" and step.do in {"suspend", "block"}
    return Act(
        step.do,
        step.of,
        value,
        seconds(step.lasts) if step.do in ENDING else 0,
        step.factor if step.do == "throttle" else 1.0,
        playbook.id,
        stops_partner and not has_second_rule(alert, others),
        playbook.mode == "dry-run",
    )
