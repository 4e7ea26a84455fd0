"""What playbooks do about an alert.

Whom a network or client is, only the alert's group says: the last event of an attack from everywhere came from
somebody's network, and that somebody need not be an attacker.
"""

from collections.abc import Sequence
from typing import Final

from ringfence.detect.alert import Alert
from ringfence.detect.playbook import LEVELS, Playbook, PlaybookStep
from ringfence.detect.responses import Act, has_second_rule
from ringfence.detect.rule import Rule, seconds
from ringfence.store.response_interface import ENDING

_STRANGERS: Final = frozenset({"network", "client"})


def playbook_acts(playbooks: Sequence[Playbook], rule: Rule, alert: Alert, others: Sequence[Alert]) -> tuple[Act, ...]:
    """Return what playbooks call for; nothing unless the rule is enforced.

    Args:
        playbooks: those that are in force.
        rule: the rule that raised it, in the mode that is in force.
        alert: what was seen.
        others: further alerts of the last hour.
    """
    if rule.mode != "enforce":
        return ()
    return tuple(
        act
        for playbook in playbooks
        if rule.id in playbook.rules
        for step in playbook.steps
        if (act := _act(playbook, step, alert, others)) is not None
    )


def _act(playbook: Playbook, step: PlaybookStep, alert: Alert, others: Sequence[Alert]) -> Act | None:
    value = alert.group.get(step.of, "")
    if not value and step.of not in _STRANGERS:
        value = alert.context.get(step.of, "")
    if not value or LEVELS.index(alert.level) < LEVELS.index(step.from_level):
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
