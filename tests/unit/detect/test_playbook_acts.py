import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.detect.alert import Alert
from ringfence.detect.playbook import Playbook
from ringfence.detect.playbook_acts import climbers, playbook_acts, rung_of_risk
from ringfence.detect.responses import Act
from ringfence.detect.rule import Mode, Rule


def rule(mode: Mode = "enforce") -> Rule:
    raw = {"id": "some-rule", "title": "Some rule", "description": "Does something.", "level": "high", "mode": mode}
    return msgspec.convert(raw | {"selections": {}, "explain": "something"}, Rule)


def alert(name: str = "some-rule", mode: Mode = "enforce", **group: str) -> Alert:
    context = {"user": "user_1"}
    return Alert("alert_1", name, Instant(1000.0), 1, "high", mode, "t", group, {}, "e", (), context=context)


def book(*steps: dict, mode: str = "on", rules: tuple[str, ...] = ("some-rule",)) -> Playbook:
    raw = {"id": "some", "title": "Some title", "description": "Does something.", "mode": mode}
    return msgspec.convert(raw | {"rules": list(rules), "steps": list(steps)}, Playbook)


def acts(*steps: dict, mode: str = "on", rules: tuple[str, ...] = ("some-rule",), others=(), **group: str):
    return playbook_acts([book(*steps, mode=mode, rules=rules)], rule(), alert(**group), others)


def test_steps_become_acts_in_their_order() -> None:
    done = acts(
        {"do": "step-up", "of": "user", "lasts": "12h"},
        {"do": "throttle", "of": "client", "factor": 5.0},
        {"do": "revoke", "of": "grant"},
        {"do": "open-case", "of": "client"},
        client="c",
        grant="g",
    )
    assert done == (
        Act("step-up", "user", "user_1", 43_200, playbook="some"),
        Act("throttle", "client", "c", 3600, 5.0, "some"),
        Act("revoke", "grant", "g", playbook="some"),
        Act("open-case", "client", "c", playbook="some"),
    )


@pytest.mark.parametrize("mode", ["shadow", "alert"])
def test_only_an_enforced_rule_is_answered(mode) -> None:
    assert playbook_acts([book({"do": "step-up", "of": "user"})], rule(mode=mode), alert(mode=mode), ()) == ()


def test_a_playbook_answers_its_own_rules_and_a_dry_run_says_so() -> None:
    assert acts({"do": "step-up", "of": "user"}, rules=("other",)) == ()
    (act,) = acts({"do": "step-up", "of": "user"}, mode="dry-run")
    assert act.dry_run


def test_the_ladder_begins_at_its_level() -> None:
    for level, count in (("medium", 1), ("high", 1), ("critical", 0)):
        assert len(acts({"do": "step-up", "of": "user", "from-level": level})) == count


def test_an_attack_from_everywhere_blocks_nobody_whom_it_happened_to_end_with() -> None:
    last = msgspec.structs.replace(alert(), context={"network": "192.0.2.1", "client": "c", "user": "user_1"})
    steps = ({"do": "block", "of": "network"}, {"do": "suspend", "of": "client"}, {"do": "throttle", "of": "client"})
    assert playbook_acts([book(*steps)], rule(), last, ()) == ()


@pytest.mark.parametrize("do", ["suspend", "block"])
def test_a_partner_is_stopped_by_two_rules_or_a_person(do: str) -> None:
    step = {"do": do, "of": "client"}
    (alone,) = acts(step, client="c")
    assert alone.hold
    (same,) = acts(step, client="c", others=[alert(client="c")])
    assert same.hold, "the same rule twice is one witness"
    (others,) = acts(step, client="c", others=[alert("other-rule", client="d")])
    assert others.hold
    (both,) = acts(step, client="c", others=[alert("other-rule", client="c")])
    assert not both.hold
    (slower,) = acts({"do": "throttle", "of": "client"}, client="c")
    assert not slower.hold, "to be slowed is no end"


def test_channels_are_told_one_by_one_and_not_in_a_dry_run() -> None:
    step = {"do": "notify", "channels": ["phone", "mail"], "from-level": "high"}
    assert acts(step) == (
        Act("notify", "channel", "phone", playbook="some"),
        Act("notify", "channel", "mail", playbook="some"),
    )
    assert [act.dry_run for act in acts(step, mode="dry-run")] == [True, True]
    assert acts(step | {"from-level": "critical"}) == ()


LADDER = {
    "of": "client",
    "rungs": [
        {"steps": [{"do": "step-up", "of": "client"}]},
        {"steps": [{"do": "throttle", "of": "client"}], "from-risk": 0.5},
        {"steps": [{"do": "suspend", "of": "client"}], "from-risk": 0.8},
    ],
}


def ladder_book(mode: str = "on", **ladder: object) -> Playbook:
    return msgspec.convert(
        msgspec.to_builtins(book({"do": "open-case", "of": "client"}, mode=mode)) | {"ladder": LADDER | ladder},
        Playbook,
    )


@pytest.mark.parametrize(("rung", "kinds"), [(0, []), (1, ["step-up"]), (2, ["throttle"]), (3, ["suspend"])])
def test_of_a_ladder_the_rung_that_was_reached_is_done(rung: int, kinds: list[str]) -> None:
    done = playbook_acts([ladder_book()], rule(), alert(client="c"), (), {"some": rung})
    assert [act.kind for act in done] == ["open-case", *kinds]
    assert [act.playbook for act in done] == ["some", *(f"some/{rung}" for _ in kinds)]


def test_the_last_rung_too_needs_two_rules_or_a_person() -> None:
    (_, alone) = playbook_acts([ladder_book()], rule(), alert(client="c"), (), {"some": 3})
    assert alone.hold
    others = [alert("other-rule", client="c")]
    (_, both) = playbook_acts([ladder_book()], rule(), alert(client="c"), others, {"some": 3})
    assert not both.hold


def test_who_climbs() -> None:
    (found,) = climbers([ladder_book(), book({"do": "open-case", "of": "client"})], rule(), alert(client="c"))
    assert (found[0].id, found[2]) == ("some", "c")
    assert climbers([ladder_book()], rule("alert"), alert(client="c")) == []
    assert climbers([ladder_book()], rule(), alert()) == [], "a client is named by the group alone"
    assert [value for _, _, value in climbers([ladder_book(of="user")], rule(), alert())] == ["user_1"]


@pytest.mark.parametrize(("risk", "rung"), [(0.0, 1), (0.49, 1), (0.5, 2), (0.79, 2), (0.8, 3), (1.0, 3)])
def test_a_risk_reaches_a_rung_at_once(risk: float, rung: int) -> None:
    (_, ladder, _) = climbers([ladder_book()], rule(), alert(client="c"))[0]
    assert rung_of_risk(ladder, risk) == rung
