"""What anomaly detection sees of simulated attacks at its budget, how often it is wrong, and what it costs.

One world lives for eight days; then each trial goes on from that state for a day with one attack in it. Seeds here
begin at `FIRST_SEED`; tests use others.
"""

import argparse
import gc
import heapq
import random
import resource
import statistics
import time
from collections import Counter
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.table import Table

from bench.detection import wilson
from ringfence.app.watcher import YOUNG_OBJECTS
from ringfence.detect.alert import Alert
from ringfence.detect.anomaly.detector import LEARNING_DAYS, AnomalyDetector, Settings
from ringfence.detect.anomaly.features import seen_in
from ringfence.simulation.plan import FORMS, Form
from ringfence.simulation.rhythm import DAY, HOUR
from ringfence.simulation.scribe import Told
from ringfence.simulation.traffic import ATTACKS, START, Simulation

FIRST_SEED: Final = 90_000
BUDGET: Final = 10.0
LIVED: Final = 8
"""Days before the day of the attacks, which is a Tuesday."""
_GROUP: Final = {"user": "user", "client": "client", "network": "network", "name": "username_hash", "everyone": "all"}

Group = tuple[str, str]


class Options(msgspec.Struct, frozen=True):
    """How much is simulated."""

    entities: int = 200
    days: int = 14
    trials: int = 10


FULL: Final = Options(entities=2_000, days=30, trials=40)


class Recall(msgspec.Struct, frozen=True):
    """How often an attack in a form was seen."""

    attack: str
    form: str
    seen: int
    by_everyone: int
    """Of these, those that were seen in the traffic of all together only."""
    trials: int
    low: float
    high: float
    seconds: float
    """Median from its first event to the alarm; -1 if none was seen."""


class Honest(msgspec.Struct, frozen=True):
    """Honest traffic for some days."""

    days: int
    """Counted: those after it had learned."""
    alarms: int
    digests: int
    quiet: int
    behind: dict[str, int]
    """What lay behind the alarms, as far as it was a mistake that was made on purpose."""
    events: int
    events_per_s: float
    kb_an_entity: float
    status: Any


def group_of(alert: Alert) -> Group:
    """Return whom an alarm is about."""
    ((name, value),) = alert.group.items()
    return name, value


def honest(options: Options) -> Honest:
    """Count what honest traffic raises, and measure what it costs."""
    world = Simulation(options.entities, random.Random(FIRST_SEED))
    detector = AnomalyDetector(Settings(alarms_a_day=BUDGET, most_entities=100_000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    mistakes: dict[Group, str] = {}
    alarms: list[str] = []
    digests, events, spent, position = 0, 0, 0.0, 0
    hour: list[Told] = []
    for told in world.run(options.days, []):
        hour.append(told)
        if len(hour) < 5_000:
            continue
        spent, position, digests = _fed(detector, hour, position, mistakes, alarms, spent, digests)
        events, hour = events + len(hour), []
    spent, position, digests = _fed(detector, hour, position, mistakes, alarms, spent, digests)
    events += len(hour)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    status = detector.status()
    return Honest(
        days=options.days - LEARNING_DAYS,
        alarms=len(alarms),
        digests=digests,
        quiet=status.overflowed,
        behind=dict(Counter(alarms).most_common()),
        events=events,
        events_per_s=events / spent,
        kb_an_entity=grown / max(1, status.entities),
        status=status,
    )


def _fed(
    detector: AnomalyDetector,
    batch: list[Told],
    position: int,
    mistakes: dict[Group, str],
    alarms: list[str],
    spent: float,
    digests: int,
) -> tuple[float, int, int]:
    """Feed some events; return the time spent, the position and the digests so far."""
    for told in batch:
        if told.truth is not None and (seen := seen_in(told.event)):
            mistakes.update({(_GROUP[kind], value): told.truth.mistake for kind, value, _ in seen.about})
    began, found = time.process_time(), []
    for told in batch:
        position += 1
        found += detector.feed(position, told.event)
    spent += time.process_time() - began
    detector.quiet.clear()
    for alert in found:
        if alert.rule == "anomaly":
            alarms.append(f"{next(iter(alert.group))}: {mistakes.get(group_of(alert), 'everyday traffic')}")
        else:
            digests += 1
    return spent, position, digests


class Lived:
    """A world after its first days, to go on from many times."""

    def __init__(self, options: Options) -> None:
        """Live them, and one honest day more."""
        self.world = Simulation(options.entities, random.Random(FIRST_SEED + 1))
        self.settings = Settings(alarms_a_day=BUDGET, most_entities=100_000)
        detector = AnomalyDetector(self.settings)
        self.position = 0
        for told in self.world.run(LIVED, []):
            self.position += 1
            detector.feed(self.position, told.event)
        self.state = detector.snapshot()
        self.day = list(self.world.run(1, [], LIVED * 24))
        self.usual = {group_of(alert) for alert, _ in self.alarms([])}

    def alarms(self, attack: list[Told]) -> list[tuple[Alert, int]]:
        """Return the alarms of the day with an attack in it, digests left out."""
        detector = AnomalyDetector(self.settings)
        detector.restore(self.state)
        found, position = [], self.position
        until = max([(LIVED + 1) * DAY, *(told.at + HOUR for told in attack[-1:])])
        last = Told(until, self.day[-1].event, None)
        for told in heapq.merge(self.day, attack, key=lambda one: one.at):
            position += 1
            found += [(alert, position) for alert in detector.feed(position, told.event)]
        ending = msgspec.structs.replace(last.event, at=START + until)
        found += [(alert, position) for alert in detector.feed(position + 1, ending)]
        return [(alert, at) for alert, at in found if alert.rule == "anomaly"]


def recall(lived: Lived, attack: str, form: Form, trials: int) -> Recall:
    """Return how often an attack is seen, each time at another hour of the day."""
    delays, everyone = [], 0
    for number in range(trials):
        rng = random.Random(f"{FIRST_SEED + number} {attack} {form}")
        told = lived.world.attack(attack, form, LIVED * DAY + rng.uniform(1.0, 22.0) * HOUR, number + 1)
        about = {(_GROUP[k], v) for one in told if (seen := seen_in(one.event)) for k, v, _ in seen.about}
        found = [
            alert
            for alert, _ in lived.alarms(told)
            if group_of(alert) in about - lived.usual and alert.at >= START + told[0].at
        ]
        if found:
            delays.append(min(alert.at for alert in found) - START - told[0].at)
            everyone += all(group_of(alert)[0] == "all" for alert in found)
    low, high = wilson(len(delays), trials)
    middle = statistics.median(delays) if delays else -1.0
    return Recall(attack, form, len(delays), everyone, trials, low, high, middle)


def run(console: Console, options: Options) -> dict[str, Any]:
    """Measure, print the tables and return their figures."""
    gc.set_threshold(YOUNG_OBJECTS, 20, 100)  # as the watch has it
    calm = honest(options)
    table = Table("whom: behind it", "alarms", title=f"Honest traffic, {options.entities:,} entities, {calm.days} days")
    for name, count in calm.behind.items():
        table.add_row(name, str(count))
    table.add_row("told in all", f"{calm.alarms}, {calm.alarms / calm.days:.2f} a day (budget {BUDGET:g})")
    table.add_row("only in digests", f"{calm.quiet} in {calm.digests} digests")
    console.print(table)
    lived = Lived(options)
    recalls = [recall(lived, attack, form, options.trials) for attack in ATTACKS for form in FORMS]
    table = Table("attack", "form", "seen", "95 % interval", "by all together only", "after", title="Simulated attacks")
    for one in recalls:
        after = f"{one.seconds:,.0f} s" if one.seen else "–"
        interval = f"{100 * one.low:.0f}-{100 * one.high:.0f} %"
        table.add_row(one.attack, one.form, f"{one.seen} of {one.trials}", interval, str(one.by_everyone), after)
    console.print(table)
    for kind, of in calm.status.kinds.items():
        console.print(
            f"{kind}: {of['calibration']:,.0f} scores, p-values {of['uniformity']:.3f} from uniform, rho {of['rho']:.2f}"
        )
    console.print(
        f"{calm.events:,} events at {calm.events_per_s:,.0f} a second on one core; {calm.status.entities:,} entities at"
        f" {calm.kb_an_entity:.1f} KB each; {calm.status.windows_a_day:,.0f} windows a day"
    )
    return {"honest": calm, "recall": recalls, "options": options}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure anomaly detection on simulated traffic.")
    parser.add_argument("--full", action="store_true", help="2,000 entities for 30 days, 40 trials; hours")
    parser.add_argument("--entities", type=int, default=Options().entities)
    parser.add_argument("--days", type=int, default=Options().days)
    parser.add_argument("--trials", type=int, default=Options().trials)
    asked = parser.parse_args()
    run(Console(width=130), FULL if asked.full else Options(asked.entities, asked.days, asked.trials))
