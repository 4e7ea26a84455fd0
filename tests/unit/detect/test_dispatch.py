import random

from ringfence.clock import Instant
from ringfence.detect.dispatch import MOST_KNOWN, Dispatch
from ringfence.detect.fields import fields_of
from ringfence.detect.load import read_rule, shipped
from ringfence.events import CallDecided
from ringfence.simulation.rhythm import HOUR
from ringfence.simulation.traffic import ATTACKS, Simulation

BY_PATH = b"""\
id: a-secret-path
title: A path that nobody knows
description: Looks at something that has many values.
level: low
selections: {found: {event: call.decided.v1, path|contains: secret}, any: {event: call.decided.v1, status: 404}}
measures: {found: {of: found}, missed: {of: any}}
fires: found >= 1
explain: "{found}"
"""


def call(path: str, status: int = 200, method: str = "GET") -> CallDecided:
    return CallDecided(Instant(1.0), "c", "t", allowed=True, status=status, path=path, method=method)


def test_an_event_reaches_the_rules_that_its_selections_say_and_no_other() -> None:
    rules = (*shipped(), read_rule(BY_PATH, "x.yaml"))
    dispatch, world = Dispatch(rules), Simulation(60, random.Random(71))
    attacks = [world.attack(name, "easy", HOUR, n) for n, name in enumerate(ATTACKS)]
    for told in world.run(0.25, attacks, first_hour=8):
        fields = fields_of(told.event)
        wanted = [
            (rule.rule.id, frozenset(names))
            for rule in rules
            if not rule.kinds or fields["event"] in rule.kinds
            if (names := [name for name, fits in rule.selections if fits(fields)])
        ]
        assert [(t.rule.rule.id, t.selections) for t in dispatch.taken(told.event)] == wanted


def test_a_member_with_many_values_is_looked_at_each_time_and_order_stays() -> None:
    rules = (read_rule(BY_PATH, "x.yaml"), *shipped())
    dispatch = Dispatch(rules)
    for path, expected in (("/a", 0), ("/secret", 1), ("/b", 0)):
        taken = dispatch.taken(call(path))
        assert sum(t.rule.rule.id == "a-secret-path" for t in taken) == expected
        assert [t.number for t in taken] == sorted(t.number for t in taken)


def test_values_that_callers_choose_do_not_fill_the_memory() -> None:
    dispatch = Dispatch(shipped())
    for n in range(MOST_KNOWN * 2 + 10):
        dispatch.taken(call("/a", method=f"M{n}"))
    assert len(dispatch._kinds[CallDecided].known) <= MOST_KNOWN


def test_a_field_that_an_event_may_lack_is_missing_for_rules_that_are_asked_each_time() -> None:
    text = BY_PATH.replace(b"path|contains: secret", b"path|contains: a, network_prefix|exists: false")
    rule = read_rule(text, "x.yaml")
    dispatch = Dispatch((rule,))
    for network, fits in (("", False), ("192.0.2.7", False)):
        event = CallDecided(Instant(1.0), "c", "t", allowed=True, status=200, path="/a", network=network)
        expected = [name for name, selects in rule.selections if selects(fields_of(event))]
        assert bool(expected) is fits
        assert [t.selections for t in dispatch.taken(event)] == ([frozenset(expected)] if expected else [])
