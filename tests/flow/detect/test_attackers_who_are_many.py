"""What becomes of attacks that are larger than what a rule was written for: every rule goes on telling."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.detect.compiled import CompiledRule
from ringfence.detect.derived import Derived
from ringfence.detect.engine import Engine
from ringfence.detect.load import shipped
from ringfence.detect.rule_case import START as RECORDED
from ringfence.detect.rule_case import Case, RuleCases, events_of
from ringfence.events import Event, LoginDecided
from ringfence.policy.structure import read_as
from ringfence.policy.yaml_source import read_yaml

CASES = Path(__file__).parents[2] / "rules"
START = 1_800_000_000.0


def failed(at: float, user: str, network: str) -> LoginDecided:
    return LoginDecided(
        Instant(START + at), f"c{at}", allowed=False, username_hash=user, network=network, reason="login-failed"
    )


def raising(rule: CompiledRule) -> Case:
    file = CASES / f"{rule.rule.id}.yaml"
    return next(case for case in read_as(read_yaml(file.read_bytes(), str(file)), RuleCases).cases if case.alerts)


def again(rule: CompiledRule, volume: int) -> list[Callable[[int, float, int], Event]]:
    """A rule's case `volume` times as fast: its events as functions of copy, begin and position.

    Copies have other names wherever the case numbers them, and for customers; not for what makes a group.
    """
    held = set(rule.rule.group_by) | ({"network"} if "network_prefix" in rule.rule.group_by else set())
    case = raising(rule)
    numbered = {name for one in case.events for name, value in one.event.items() if "{n}" in str(value)}
    names = (numbered | {"username_hash"}) - held
    made = []
    for event in events_of(case):
        own = {name: getattr(event, name) for name in names & set(event.__struct_fields__)}
        offset = (float(event.at) - RECORDED) / volume

        def copied(
            copy: int, begin: float, position: int, event: Event = event, own: Any = own, offset: float = offset
        ) -> Event:
            renamed = {name: f"{value}x{copy}" for name, value in own.items()}
            return msgspec.structs.replace(event, at=Instant(begin + offset), correlation=f"c{position}", **renamed)

        made.append(copied)
    return made


def many_times(
    rule: CompiledRule, volume: int, begin: float, windows: float, first: int
) -> Iterator[tuple[int, Event]]:
    """The case of a rule, `volume` times in each of its windows."""
    story, position = again(rule, volume), first
    for copy in range(int(volume * windows)):
        at = begin + rule.window_seconds * copy / volume
        for event in story:
            position += 1
            yield position, event(copy, at, position)


FACTS = {kind.__struct_config__.tag for kind in get_args(Derived)}
RULES = [rule for rule in shipped() if not rule.kinds & FACTS]
"""Facts are of what happens for the first time: of these there is no volume."""
TELLING_APART = [rule for rule in RULES if any(measure.distinct for measure in rule.measures)]
COUNTING = [rule for rule in RULES if not any(measure.distinct for measure in rule.measures)]


@pytest.mark.parametrize("rule", TELLING_APART, ids=lambda rule: rule.rule.id)
@pytest.mark.parametrize("volume", [10, 100, 1000])
def test_a_rule_that_tells_values_apart_tells_again_after_its_cool_down(rule: CompiledRule, volume: int) -> None:
    cap = volume * len(again(rule, 1))
    if cap > 12_000:  # what is above the exact count is above it, ten times or a hundred
        volume = volume * 12_000 // cap
    check(rule, volume)


@pytest.mark.parametrize("rule", COUNTING, ids=lambda rule: rule.rule.id)
def test_a_rule_that_counts_tells_again_after_its_cool_down(rule: CompiledRule) -> None:
    check(rule, 30)


def check(rule: CompiledRule, volume: int) -> None:
    engine = Engine([rule])
    raised: list[float] = []
    for begin in (0.0, rule.cool_down):
        start = START + begin - (rule.window_seconds if begin else 0.0)
        for position, event in many_times(rule, volume, start, 1.2 if begin else 1.0, int(begin) * 1_000_000):
            raised += [alert.at - START for alert in engine.feed(position, event)]
            if raised and (not begin or raised[-1] >= begin):
                break
    assert len(raised) >= 2, raised


def test_one_network_that_tries_four_passwords_a_second_is_told_of_as_what_it_is() -> None:
    engine = Engine([rule for rule in shipped() if rule.rule.id in {"credential-stuffing", "password-spray"}])
    raised = [
        (alert.rule, alert.at - START)
        for n in range(4 * 6000)
        for alert in engine.feed(n + 1, failed(n / 4, f"u{n}", "192.0.2.1"))
    ]
    assert [rule for rule, _ in raised] == ["credential-stuffing"] * 4
    assert raised[0][1] < 10


def test_a_botnet_of_thousands_is_told_of_as_long_as_it_goes_on() -> None:
    engine = Engine([rule for rule in shipped() if rule.rule.id == "password-spray-distributed"])
    raised = [
        alert
        for n in range(8 * 4000)
        for alert in engine.feed(n + 1, failed(n / 8, f"u{n}", f"10.{n % 200}.{n % 251}.{n % 241}"))
    ]
    assert len(raised) == 3
