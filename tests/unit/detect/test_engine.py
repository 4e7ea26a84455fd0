import itertools
import random
from typing import Any

import msgspec

from ringfence.clock import Instant
from ringfence.detect.engine import Engine
from ringfence.detect.load import read_rule, shipped
from ringfence.detect.own_alerts import RULE_FAILED
from ringfence.events import CallDecided, Event, LoginDecided

START = 1_800_000_000.0


def failed(at: float, user: str = "u", network: str = "192.0.2.1") -> LoginDecided:
    return LoginDecided(
        Instant(START + at), "c", allowed=False, username_hash=user, network=network, reason="login-failed"
    )


def traffic(count: int, seed: int) -> list[Event]:
    rng = random.Random(seed)
    events: list[Event] = []
    for n in range(count):
        at = n * 0.5
        if rng.random() < 0.4:
            events.append(failed(at, f"u{rng.randrange(40)}", f"192.0.2.{rng.randrange(8)}"))
        else:
            reason = rng.choice(["", "unknown-path", "proof-replayed", "rate-limited", "scope-missing"])
            events.append(
                CallDecided(
                    Instant(START + at),
                    f"c{n}",
                    "t",
                    not reason,
                    404 if reason else 200,
                    reason=reason,
                    path=f"/p{rng.randrange(30)}",
                    client=f"client{rng.randrange(3)}",
                    grant=f"g{rng.randrange(20)}",
                    operation=f"Op{rng.randrange(9)}",
                    network=f"192.0.{rng.randrange(4)}.{rng.randrange(8)}",
                )
            )
    return events


def fed(engine: Engine, events: list[Event], after: int = 0) -> list[bytes]:
    return [
        msgspec.json.encode(alert)
        for position, event in enumerate(events, after + 1)
        for alert in engine.feed(position, event)
    ]


def test_the_same_events_raise_the_same_alerts_byte_for_byte() -> None:
    events = traffic(4000, 7)
    first = fed(Engine(shipped()), events)
    assert len(first) > 5
    assert fed(Engine(shipped()), events) == first


def test_a_snapshot_anywhere_changes_nothing() -> None:
    events = traffic(3000, 8)
    whole = fed(Engine(shipped()), events)
    for cut in (1, 700, 1501, 2999):
        before, after = Engine(shipped()), Engine(shipped())
        alerts = fed(before, events[:cut])
        after.restore(before.snapshot())
        assert alerts + fed(after, events[cut:], cut) == whole
        assert after.snapshot() != b""


def test_state_is_capped_and_what_goes_is_counted() -> None:
    engine = Engine(shipped(), most_groups=100)
    for n in range(5000):
        engine.feed(n + 1, failed(n * 0.01, f"u{n}", f"10.{n // 250}.{n % 250}.1"))
    assert engine.evicted > 4000
    assert len(engine.snapshot()) < 200_000


def test_a_flood_of_others_does_not_hide_one_group_that_goes_on() -> None:
    engine = Engine(shipped(), most_groups=100)
    alerts: list[Any] = []
    for n in range(2000):
        engine.feed(2 * n + 1, failed(n * 0.1, f"u{n}", f"10.{n // 250}.{n % 250}.1"))
        if n % 50 == 0:
            alerts += engine.feed(2 * n + 2, failed(n * 0.1, "victim", "192.0.2.1"))
    assert any(alert.group.get("username_hash") == "victim" for alert in alerts)


def test_a_group_tells_once_and_again_after_its_cool_down() -> None:
    engine = Engine([rule for rule in shipped() if rule.rule.id == "brute-force"])
    raised = [n for n in range(0, 7200, 30) if engine.feed(n + 1, failed(float(n)))]
    assert raised[0] == 330
    assert all(later - earlier >= 1800 for earlier, later in itertools.pairwise(raised))
    assert 3 <= len(raised) <= 4


def test_one_rule_does_not_hide_another() -> None:
    engine = Engine(shipped())
    rules = {alert.rule for n in range(60) for alert in engine.feed(n + 1, failed(n, f"u{n % 20}", "192.0.2.1"))}
    assert {"credential-stuffing", "password-spray"} & rules


def test_a_rule_whose_measures_changed_starts_anew() -> None:
    old = Engine(shipped())
    fed(old, traffic(500, 9))
    rule = read_rule(
        b"id: brute-force\ntitle: Changed\ndescription: Another shape.\nlevel: low\n"
        b"selections: {f: {event: login.decided.v1}}\ngroup-by: [network]\n"
        b"measures: {a: {of: f}, b: {of: f, distinct: user}}\nfires: a > 1000\nexplain: '{a} {b}'\n",
        "x.yaml",
    )
    new = Engine([rule])
    new.restore(old.snapshot())
    assert fed(new, traffic(500, 10)) == []


def broken(mode: str = "alert") -> list[Any]:
    """Our rules, one of which adds up what is no number, and one whose selection cannot be asked."""

    def fits(_fields: Any) -> bool:
        raise RuntimeError("no answer")

    def breaking(rule: Any) -> Any:
        if rule.rule.id == "brute-force":
            measures = tuple(msgspec.structs.replace(one, sum="network") for one in rule.measures)
            return msgspec.structs.replace(rule, measures=measures, rule=msgspec.structs.replace(rule.rule, mode=mode))
        if rule.rule.id == "slow-guessing":
            return msgspec.structs.replace(rule, selections=(("failed", fits),))
        return rule

    return [breaking(rule) for rule in shipped()]


def test_a_rule_that_breaks_is_left_out_and_told_once_and_all_others_go_on() -> None:
    engine = Engine(broken())
    told = [(alert.rule, alert.group) for n in range(60) for alert in engine.feed(n + 1, failed(n, f"u{n % 20}"))]
    assert told.count((RULE_FAILED, {"rule": "brute-force"})) == 1
    assert told.count((RULE_FAILED, {"rule": "slow-guessing"})) == 1
    assert {"credential-stuffing", "password-spray"} & {rule for rule, _ in told}
    again = Engine(broken())
    again.restore(engine.snapshot())
    assert fed(again, [failed(60.0 + n) for n in range(9)], 60) == []
    assert again.snapshot() != engine.snapshot()
    changed = Engine(broken("shadow"))
    changed.restore(engine.snapshot())
    (alert,) = fed(changed, [failed(61.0)], 60)
    assert b"brute-force" in alert, "written anew, it is asked again"


def test_guessing_that_began_slowly_is_seen_when_it_succeeds() -> None:
    """One failure long before the others: the window slides, and does not end with the first of them."""
    engine = Engine([rule for rule in shipped() if rule.rule.id == "guessing-succeeded"])
    events = [failed(0.0), *(failed(1700.0 + 10 * n) for n in range(19))]
    events.append(msgspec.structs.replace(failed(1890.0), allowed=True, reason=""))
    (alert,) = fed(engine, events)
    assert b"guessing-succeeded" in alert
