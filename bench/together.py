"""Rules and anomalies as the watch runs them, over honest traffic: the false alarms of both, what an event costs, what is held.

Seeds begin where those of `bench.detection` do; tests use others.
"""

import argparse
import gc
import json
import random
import resource
import time
from collections import Counter
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.table import Table

from bench.detection import BUDGET, FIRST_SEED
from ringfence.app.watcher import YOUNG_OBJECTS
from ringfence.detect.anomaly.detector import LEARNING_DAYS
from ringfence.detect.detection import Detection
from ringfence.detect.engine import MOST_GROUPS
from ringfence.detect.load import shipped
from ringfence.simulation.rhythm import DAY
from ringfence.simulation.traffic import START, Simulation


class Options(msgspec.Struct, frozen=True):
    """How much is simulated."""

    entities: int = 400
    days: int = 12


FULL: Final = Options(entities=2_000, days=30)


class Result(msgspec.Struct, frozen=True):
    """What came of it."""

    entities: int
    days: int
    events: int
    alarms: dict[str, int]
    """By rule; anomalies under their own names. Those of rules in shadow mode are not told to anybody, and left out."""
    by_day: list[int]
    learned_a_day: float
    """A day, on average, of the days after anomalies have learned."""
    events_per_s: float
    megabytes: float


def honest(options: Options) -> Result:
    """Return what both raise over honest traffic, mistakes included."""
    detection = Detection(shipped(), MOST_GROUPS)
    world = Simulation(options.entities, random.Random(FIRST_SEED))
    alarms: Counter[str] = Counter()
    by_day = [0] * options.days
    spent, events = 0.0, 0
    for position, told in enumerate(world.run(options.days, []), 1):
        before = time.process_time()
        raised = detection.feed(position, told.event)
        spent += time.process_time() - before
        events = position
        for alert in raised:
            if alert.mode != "shadow":
                alarms[alert.rule] += 1
                by_day[min(options.days - 1, int((alert.at - START) // DAY))] += 1
    learned = by_day[LEARNING_DAYS:]
    return Result(
        options.entities,
        options.days,
        events,
        dict(alarms.most_common()),
        by_day,
        sum(learned) / max(1, len(learned)),
        events / spent,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


def run(console: Console, options: Options) -> dict[str, Any]:
    """Measure, print, and return what was found."""
    found = honest(options)
    title = f"False alarms of rules and anomalies together, {found.entities:,} entities, {found.days} days"
    table = Table("rule", "in all", "a day", title=title)
    for rule, count in found.alarms.items():
        table.add_row(rule, str(count), f"{count / found.days:.2f}")
    table.add_row("all, of the days after learning", "", f"{found.learned_a_day:.2f}")
    console.print(table)
    console.print(
        f"{found.learned_a_day:.1f} a day where {BUDGET:g} is the aim. {found.events:,} events, "
        f"{found.events_per_s:,.0f} a second on one core; the process took {found.megabytes:,.0f} MB."
    )
    return msgspec.to_builtins(found)  # type: ignore[no-any-return]


def main() -> None:
    """Run it by itself."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="2,000 entities for 30 days")
    asked = parser.parse_args()
    gc.set_threshold(YOUNG_OBJECTS, 20, 100)
    print(json.dumps(run(Console(width=110), FULL if asked.full else Options())))


if __name__ == "__main__":
    main()
