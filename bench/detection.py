"""What the shipped rules see of simulated attacks, how often they are wrong, and what they cost.

Seeds here begin at `FIRST_SEED`; tests use others.
"""

import argparse
import gc
import math
import random
import resource
import statistics
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.table import Table

from ringfence.app.watcher import YOUNG_OBJECTS
from ringfence.clock import Instant
from ringfence.detect.alert import Alert
from ringfence.detect.compiled import CompiledRule
from ringfence.detect.engine import MOST_GROUPS, Engine
from ringfence.detect.load import shipped
from ringfence.events.calls import CallDecided
from ringfence.events.logins import LoginDecided
from ringfence.simulation.plan import FORMS, Form
from ringfence.simulation.rhythm import DAY, HOUR, HOURS_OF_WEEK
from ringfence.simulation.scribe import Told, Truth
from ringfence.simulation.traffic import ATTACKS, START, Simulation

FIRST_SEED: Final = 70_000
BUDGET: Final = 10.0
"""False alarms a day that the shipped rules may raise."""
ENTITIES, DAYS = 2_000, 30
AROUND_AN_ATTACK: Final = 100
"""Entities whose honest traffic surrounds one attack."""
MOST_DAYS_AROUND: Final = 2.0
HOURS_BEFORE: Final = {"account-takeover": 72, "partner-takeover": 30}
"""Of honest traffic before an attack on somebody who is known by what is usual; one hour before the others."""
Z: Final = 1.96
KEYS: Final = 40_000
MANY: Final = 10


class Settings(msgspec.Struct, frozen=True):
    """How much is simulated."""

    days: int = DAYS
    trials: int = 40
    timed: int = 100_000
    """Events of which the speed is taken."""


QUICK: Final = Settings(days=3, trials=8, timed=30_000)


class Recall(msgspec.Struct, frozen=True):
    """How often an attack in a form was seen."""

    attack: str
    form: str
    seen: int
    trials: int
    low: float
    high: float
    seconds: float
    """Median from its first event to its first alert, of those seen; -1 if none was."""
    events: float
    rules: dict[str, int]
    shadow: int = 0
    """Trials seen by rules in shadow mode only."""


class Cost(msgspec.Struct, frozen=True):
    """What one set of rules costs."""

    name: str
    events_per_s: float


def wilson(seen: int, trials: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson's score)."""
    if not trials:
        return 0.0, 1.0
    share, z2 = seen / trials, Z * Z / trials
    middle = (share + z2 / 2) / (1 + z2)
    half = Z * math.sqrt(share * (1 - share) / trials + z2 / trials / 4) / (1 + z2)
    return max(0.0, middle - half), min(1.0, middle + half)


def raised(rules: Sequence[CompiledRule], stream: Iterable[Told]) -> Iterable[tuple[Alert, Truth | None, int]]:
    """Return each alert with the truth of the event that raised it, and how many of the attack's events had come."""
    engine, came = Engine(rules), 0
    for position, told in enumerate(stream, 1):
        came += bool(told.truth and told.truth.attack)
        for alert in engine.feed(position, told.event):
            yield alert, told.truth, came


def false_alarms(
    rules: Sequence[CompiledRule], settings: Settings
) -> tuple[Counter[tuple[str, str]], Counter[str], int]:
    """Return the alerts over honest traffic by rule and mode and by what lies behind them, and the number of events."""
    by_rule: Counter[tuple[str, str]] = Counter()
    behind: Counter[str] = Counter()
    events = 0

    def counted(stream: Iterable[Told]) -> Iterable[Told]:
        nonlocal events
        for told in stream:
            events += 1
            yield told

    world = Simulation(ENTITIES, random.Random(FIRST_SEED))
    for alert, truth, _ in raised(rules, counted(world.run(settings.days, []))):
        by_rule[alert.rule, alert.mode] += 1
        behind[f"{alert.rule}: {truth.mistake if truth else 'everyday traffic'}"] += 1
    return by_rule, behind, events


def recall(rules: Sequence[CompiledRule], attack: str, form: Form, trials: int) -> Recall:
    """Return how often the rules see an attack, each time in another world at another hour of the week."""
    delays: list[tuple[float, int]] = []
    by_rule: Counter[str] = Counter()
    shadow = 0
    for number in range(trials):
        rng = random.Random(f"{FIRST_SEED + number} {attack} {form}")
        world, hour = Simulation(AROUND_AN_ATTACK, rng), rng.randrange(HOURS_OF_WEEK)
        lead = HOURS_BEFORE.get(attack, 1)
        told = world.attack(attack, form, (hour + lead + rng.random()) * HOUR)
        days = min(MOST_DAYS_AROUND + lead / 24, (told[-1].at - hour * HOUR) / DAY)
        loud: set[str] = set()
        quiet = False
        for alert, truth, came in raised(rules, world.run(days, [told], hour)):
            if truth is None or not truth.attack:
                continue
            quiet |= alert.mode == "shadow"
            if alert.mode == "shadow":
                continue
            if not loud:
                delays.append((alert.at - START - told[0].at, came))
            loud.add(alert.rule)
        by_rule.update(loud)
        shadow += quiet and not loud
    low, high = wilson(len(delays), trials)
    seconds, events = zip(*delays, strict=True) if delays else ((-1.0,), (-1,))
    return Recall(
        attack,
        form,
        len(delays),
        trials,
        low,
        high,
        statistics.median(seconds),
        statistics.median(events),
        dict(by_rule.most_common()),
        shadow,
    )


def speed(name: str, rules: Sequence[CompiledRule], entities: int, timed: int) -> Cost:
    """Return the events a second of CPU time on one core; the middle of three runs."""
    world = Simulation(entities, random.Random(FIRST_SEED + 1))
    stream = world.run(DAYS, [world.attack("stuffing", "distributed", 9 * HOUR)], first_hour=8)
    events = [told.event for told, _ in zip(stream, range(timed), strict=False)]
    rates = []
    for _ in range(3):
        engine = Engine(rules)
        started = time.process_time()
        for position, event in enumerate(events, 1):
            engine.feed(position, event)
        rates.append(len(events) / (time.process_time() - started))
    return Cost(name, statistics.median(rates))


def many_rules(rules: Sequence[CompiledRule]) -> list[CompiledRule]:
    """Return the rules ten times, under ten names."""
    return [
        msgspec.structs.replace(rule, rule=msgspec.structs.replace(rule.rule, id=f"{rule.rule.id}-{copy}"))
        for copy in range(MANY)
        for rule in rules
    ]


def memory_mb_per_million(rules: Sequence[CompiledRule]) -> float:
    """Return the memory of a million live groups, from what `KEYS` users, networks, clients and grants take."""
    engine = Engine(rules)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for n in range(KEYS):
        network, at = f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}", Instant(START + n * 0.001)
        engine.feed(
            2 * n + 1,
            LoginDecided(at, f"c{n}", allowed=False, username_hash=f"{n:064x}", network=network, reason="login-failed"),
        )
        engine.feed(
            2 * n + 2,
            CallDecided(
                at,
                f"d{n}",
                "",
                allowed=True,
                status=200,
                client=f"c{n}",
                grant=f"g{n}",
                operation="Op",
                network=network,
            ),
        )
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 / engine.live_groups() * 1e6


def show(console: Console, recalls: Sequence[Recall], alarms: Counter[tuple[str, str]], days: int) -> None:
    """Print recall and false alarms."""
    table = Table("attack", "form", "seen", "95 % interval", "after", "events", "by", title="Simulated attacks")
    for one in recalls:
        seen = one.seen / one.trials
        after = f"{one.seconds:,.0f} s" if one.seen else "–"
        by = ", ".join(f"{rule} {n}" for rule, n in one.rules.items()) + (
            f" (shadow {one.shadow})" if one.shadow else ""
        )
        interval = f"{100 * one.low:.0f}-{100 * one.high:.0f} %"
        events = f"{one.events:.0f}" if one.seen else "–"
        table.add_row(one.attack, one.form, f"{100 * seen:.0f} %", interval, after, events, by)
    console.print(table)
    table = Table("rule", "mode", "in all", "a day", title=f"False alarms, {ENTITIES:,} entities, {days} days")
    for (rule, mode), count in alarms.most_common():
        table.add_row(rule, mode, str(count), f"{count / days:.2f}")
    told = sum(count for (_, mode), count in alarms.items() if mode != "shadow")
    table.add_row("told in all", "", str(told), f"{told / days:.2f}", end_section=True)
    console.print(table)


def run(console: Console, settings: Settings | None = None) -> dict[str, Any]:
    """Measure, print the tables and return their figures."""
    settings = settings or Settings()
    rules = shipped()
    gc.set_threshold(YOUNG_OBJECTS, 20, 100)  # as the watch has it
    memory = memory_mb_per_million(rules)  # first: the peak of memory only grows
    alarms, behind, events = false_alarms(rules, settings)
    recalls = [recall(rules, attack, form, settings.trials) for attack in ATTACKS for form in FORMS]
    show(console, recalls, alarms, settings.days)
    costs = [
        speed(f"{len(rules)} rules, {ENTITIES:,} entities", rules, ENTITIES, settings.timed),
        speed(f"{len(rules) * MANY} rules", many_rules(rules), ENTITIES, settings.timed // MANY),
        speed(f"{ENTITIES * MANY:,} entities", rules, ENTITIES * MANY, settings.timed),
    ]
    for cost in costs:
        console.print(f"{cost.name}: {cost.events_per_s:,.0f} events a second on one core")
    most = memory * MOST_GROUPS * len(rules) / 1e6
    console.print(
        f"A million live groups take {memory:,.0f} MB; {MOST_GROUPS:,} groups a rule, the default, hold all rules"
        f" under {most:,.0f} MB. {events:,} honest events were read."
    )
    told = sum(count for (_, mode), count in alarms.items() if mode != "shadow")
    if told / settings.days > BUDGET:
        console.print(f"More than {BUDGET:.0f} false alarms a day.")
    return {
        "recall": recalls,
        "false_alarms": {f"{rule} ({mode})": count for (rule, mode), count in alarms.items()},
        "behind": behind,
        "days": settings.days,
        "costs": costs,
        "memory_mb_per_million_groups": memory,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure detection on simulated traffic.")
    parser.add_argument("--quick", action="store_true", help="fewer days and trials")
    found = run(Console(width=150), QUICK if parser.parse_args().quick else None)
    print(msgspec.json.format(msgspec.json.encode(found["behind"])).decode())
