import gc
import io
import random

import msgspec
import pytest
from rich.console import Console

from bench.detection import FIRST_SEED, Settings, many_rules, raised, recall, run, wilson
from ringfence.detect.engine import Engine
from ringfence.detect.load import shipped
from ringfence.simulation.plan import FORMS
from ringfence.simulation.rhythm import HOUR
from ringfence.simulation.traffic import ATTACKS, Simulation


@pytest.mark.parametrize(
    ("seen", "trials", "low", "high"),
    [(0, 40, 0.0, 0.0876), (40, 40, 0.9124, 1.0), (20, 40, 0.3520, 0.6480), (1, 10, 0.0179, 0.4042)],
)
def test_wilsons_interval(seen: int, trials: int, low: float, high: float) -> None:
    assert wilson(seen, trials) == pytest.approx((low, high), abs=2e-4)


def test_an_alert_is_told_with_the_truth_of_the_event_that_raised_it() -> None:
    world = Simulation(50, random.Random(91))
    found = list(raised(shipped(), world.run(0.5, [world.attack("second-factor", "easy", 9 * HOUR)])))
    true = [(alert.rule, came) for alert, truth, came in found if truth and truth.attack]
    assert true[0] == ("second-factor-guessing", 5)


@pytest.mark.parametrize(("attack", "rule"), [("brute-force", "brute-force"), ("object-probing", "object-probing")])
def test_recall_counts_trials_and_names_rules(attack: str, rule: str) -> None:
    found = recall(shipped(), attack, "easy", 3)
    assert (found.seen, found.trials, found.rules[rule]) == (3, 3, 3)
    assert found.seconds > 0
    unseen = recall([r for r in shipped() if r.rule.id == "code-replayed"], attack, "easy", 2)
    assert (unseen.seen, unseen.seconds, unseen.rules) == (0, -1, {})


def test_ten_times_the_rules_raise_ten_times_the_alerts() -> None:
    world = Simulation(50, random.Random(92))
    events = [told.event for told in world.run(0.5, [world.attack("path-probing", "easy", 9 * HOUR)])]
    one, ten = Engine(shipped()), Engine(many_rules(shipped()))
    counts = [sum(len(engine.feed(n, event)) for n, event in enumerate(events, 1)) for engine in (one, ten)]
    assert counts[1] == 10 * counts[0] > 0


def test_the_bench_has_seeds_of_its_own() -> None:
    assert FIRST_SEED > 10_000
    assert Settings().days == 30


def test_a_short_run_has_every_figure_and_can_be_written() -> None:
    thresholds, screen = gc.get_threshold(), Console(width=150, record=True, file=io.StringIO())
    try:
        found = run(screen, Settings(days=1, trials=1, timed=3000))
    finally:
        gc.set_threshold(*thresholds)
    assert len(found["recall"]) == len(ATTACKS) * len(FORMS)
    assert all(cost.events_per_s > 0 for cost in found["costs"])
    assert found["memory_mb_per_million_groups"] >= 0
    written = msgspec.json.decode(msgspec.json.encode({"detection": found}))
    assert written["detection"]["recall"][0]["attack"] == "brute-force"
    assert "False alarms" in screen.export_text()
