"""Run two setups of rules and playbooks over the same stored events and say what would differ, responses and partners included."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from ringfence.clock import Instant
from ringfence.detect.alert import Alert
from ringfence.detect.compiled import CompiledRule
from ringfence.detect.engine import Engine
from ringfence.detect.playbook import Playbook
from ringfence.detect.playbook_acts import climbers, playbook_acts, rung_of_risk
from ringfence.detect.responses import Act, acts_for
from ringfence.detect.risk import RiskBook
from ringfence.detect.rule import Rule, seconds
from ringfence.events import Event
from ringfence.store.rung_interface import KeptRung, climbed

NOBODY: Final = "–"
"""In place of a partner where an alert names none."""
OTHERS: Final = 500
"""Earlier alerts that are looked at for a second witness, as the watch does."""


class Setup(msgspec.Struct, frozen=True):
    """What detection goes by."""

    rules: tuple[CompiledRule, ...]
    playbooks: tuple[Playbook, ...] = ()


class Outcome(msgspec.Struct, frozen=True):
    """What one setup makes of the events."""

    alerts: tuple[Alert, ...]
    acts: tuple[tuple[Alert, Act], ...]


class PartnerDifference(msgspec.Struct, frozen=True):
    """What would be done otherwise about the callers of one partner."""

    partner: str
    """Whom the response is about, else the client of the alert or of the event that raised it; a dash where none is known."""
    kind: str
    before: int
    """Responses of this kind, each counted once for the same subject; those that wait for a person or are only
    written down are counted apart, as `kind` says."""
    after: int


class Difference(msgspec.Struct, frozen=True):
    """What the new setup raises and does that the old does not, and the other way round."""

    events: int
    more: tuple[Alert, ...]
    fewer: tuple[Alert, ...]
    new_acts: tuple[Act, ...]
    lost_acts: tuple[Act, ...]
    partners: tuple[PartnerDifference, ...] = ()

    @property
    def is_none(self) -> bool:
        """Whether nothing differs."""
        return not any((self.more, self.fewer, self.new_acts, self.lost_acts, self.partners))


def outcome(setup: Setup, events: Iterable[tuple[int, Event]]) -> Outcome:
    """Return what a setup raises and does over the events, from no state. Bounds and silences are not in it."""
    engine, risk = Engine(setup.rules), RiskBook()
    by_id = {rule.rule.id: rule.rule for rule in setup.rules}
    stand: dict[tuple[str, str, str], KeptRung] = {}
    alerts: list[Alert] = []
    acts: list[tuple[Alert, Act]] = []
    for position, event in events:
        for alert in engine.feed(position, event):
            risk.note(alert)
            rule, others = by_id[alert.rule], alerts[-OTHERS:]
            rungs = _climb(setup.playbooks, rule, alert, risk, stand)
            own = acts_for(rule, alert, others)
            known = {(act.kind, act.what, act.value) for act in own}
            more = playbook_acts(setup.playbooks, rule, alert, others, rungs)
            acts += [(alert, act) for act in (*own, *(a for a in more if (a.kind, a.what, a.value) not in known))]
            alerts.append(alert)
    return Outcome(tuple(alerts), tuple(acts))


def _climb(
    playbooks: Sequence[Playbook],
    rule: Rule,
    alert: Alert,
    risk: RiskBook,
    stand: dict[tuple[str, str, str], KeptRung],
) -> dict[str, int]:
    """Have whom an alert is about climb, and return the rungs by playbook."""
    rungs = {}
    for playbook, ladder, value in climbers(playbooks, rule, alert):
        key = (playbook.id, ladder.of, value)
        at_once = rung_of_risk(ladder, risk.of(ladder.of, value, alert.at))
        until = Instant(alert.at + seconds(ladder.within))
        reached = KeptRung(*key, dry_run=False, rung=at_once, at=alert.at, until=until, alert=alert.alert_id)
        stand[key] = climbed(stand.get(key), reached, len(ladder.rungs))
        rungs[playbook.id] = stand[key].rung
    return rungs


def compare(old: Setup, new: Setup, events: Sequence[tuple[int, Event]]) -> Difference:
    """Return what changes when `new` takes the place of `old`; alerts are the same by rule, group and time."""
    before, after = outcome(old, events), outcome(new, events)
    known, found = {a.alert_id for a in before.alerts}, {a.alert_id for a in after.alerts}
    did, does = {act for _, act in before.acts}, {act for _, act in after.acts}
    return Difference(
        events=len(events),
        more=tuple(a for a in after.alerts if a.alert_id not in known),
        fewer=tuple(a for a in before.alerts if a.alert_id not in found),
        new_acts=tuple(dict.fromkeys(act for _, act in after.acts if act not in did)),
        lost_acts=tuple(dict.fromkeys(act for _, act in before.acts if act not in does)),
        partners=_by_partner(before, after),
    )


def _by_partner(before: Outcome, after: Outcome) -> tuple[PartnerDifference, ...]:
    did, does = _counted(before), _counted(after)
    return tuple(
        PartnerDifference(partner, kind, did[partner, kind], does[partner, kind])
        for partner, kind in sorted({*did, *does})
        if did[partner, kind] != does[partner, kind]
    )


def _counted(outcome: Outcome) -> Counter[tuple[str, str]]:
    subjects = {(_partner(alert, act), _kind(act), act.what, act.value) for alert, act in outcome.acts}
    return Counter((partner, kind) for partner, kind, _, _ in subjects)


def _partner(alert: Alert, act: Act) -> str:
    client = act.value if act.what == "client" else alert.group.get("client") or alert.context.get("client")
    return client or NOBODY


def _kind(act: Act) -> str:
    return f"{act.kind} (dry-run)" if act.dry_run else f"{act.kind} (held)" if act.hold else act.kind
