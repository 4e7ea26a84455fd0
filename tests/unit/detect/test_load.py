from pathlib import Path

import pytest

from ringfence.detect.load import MAX_RULE_BYTES, in_force, read_rule, shipped, with_own
from ringfence.detect.rule_case import RuleCases, fault, run_case
from ringfence.policy.mistakes import PolicyMistakes
from ringfence.policy.structure import read_as
from ringfence.policy.yaml_source import read_yaml
from ringfence.problem import Reason

CASES = Path(__file__).parents[2] / "rules"
PAGES = Path(__file__).parents[3] / "docs"
PAGE = (PAGES / "detection.md").read_text().splitlines()
OWN = """\
id: brute-force
title: Our own brute force
description: Stricter than the one that comes with it.
level: low
selections: {failed: {event: login.decided.v1, allowed: false}}
group-by: [network]
fires: count >= 3
explain: "{count} from {network}"
"""


@pytest.mark.parametrize("rule", shipped(), ids=lambda rule: rule.rule.id)
def test_every_shipped_rule_does_what_its_cases_say(rule) -> None:  # type: ignore[no-untyped-def]
    file = CASES / f"{rule.rule.id}.yaml"
    wanted = read_as(read_yaml(file.read_bytes(), str(file)), RuleCases)
    assert wanted.rule == rule.rule.id
    assert {bool(case.alerts) for case in wanted.cases} == {True, False}, "cases that raise and cases that do not"
    assert [told for case in wanted.cases if (told := fault(case, run_case(rule, case, wanted.places)))] == []


def test_shipped_rules_say_what_they_are_about() -> None:
    for rule in shipped():
        assert rule.rule.references.owasp, rule.rule.id
        assert rule.rule.references.attack, rule.rule.id
        assert rule.rule.mode in {"alert", "shadow"}, "nobody is blocked before an operator says so"
        assert rule.kinds, "every shipped rule names its events"


def test_an_operators_rule_takes_the_place_of_ours(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(OWN)
    rules = {rule.rule.id: rule.rule for rule in with_own(tmp_path)}
    assert rules["brute-force"].title == "Our own brute force"
    assert len(rules) == len(shipped())
    assert len(with_own(None)) == len(shipped())


@pytest.mark.parametrize(
    ("old", "new", "line", "why"),
    [
        ("fires: count >= 3", "fires: counts >= 3", 7, "`counts` is not measured"),
        ("group-by: [network]", "group-by: [colour]", 6, "no event has a field `colour`"),
        ("{count} from", "{number} from", 8, "`{number}` is neither"),
        ("{count} from", "{count from", 8, "braces"),
        ("level: low", "level: awful", 4, "`level` is `awful`"),
        ("id: brute-force", "id: brute-force\nextra: 1", 2, "`extra` is not known"),
        ("fires: count >= 3\n", "", 1, "it never fires"),
        ("fires: count >= 3", "sequence: [{of: others}]", 7, "no selection `others`"),
        ("fires: count >= 3", "fires: count >= 3\nsequence: [{of: failed}]", 8, "a sequence, or measures"),
        ("fires: count >= 3", "fires: n > 3\nmeasures: {n: {of: others}}", 8, "no selection `others`"),
        ("fires: count >= 3", "fires: n > 3\nmeasures: {n: {of: failed, sum: colour}}", 8, "no event has a field"),
        ("fires: count >= 3", "fires: n > 3\nmeasures: {n: {of: failed, sum: bytes, distinct: user}}", 8, "not both"),
        ("fires: count >= 3", "fires: n > 3\nmeasures: {n: {of: failed, sum: network}}", 8, "only numbers add up"),
        ("fires: count >= 3", "fires: n > 3\nmeasures: {n: {of: failed, sum: allowed}}", 8, "only numbers add up"),
        ("allowed: false}}", "allowed: false}, b: {event: call.decided.v1}}", 5, "measures must be named"),
        ("event: login.decided.v1", "path|sounds: x", 5, "not a modifier"),
    ],
)
def test_a_mistake_is_told_with_its_line(old: str, new: str, line: int, why: str) -> None:
    assert old in OWN
    with pytest.raises(PolicyMistakes) as found:
        read_rule(OWN.replace(old, new).encode(), "mine.yaml")
    mistake = found.value.mistakes[0]
    assert why in mistake.message
    assert mistake.line == line


def test_files_that_cannot_be_rules_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(OWN)
    (tmp_path / "b.yaml").write_text(OWN)
    (tmp_path / "c.yaml").write_text("id: [")
    with pytest.raises(PolicyMistakes) as found:
        with_own(tmp_path)
    assert len(found.value.mistakes) == 2
    with pytest.raises(PolicyMistakes, match="larger than"):
        read_rule(b"#" * (MAX_RULE_BYTES + 1), "big.yaml")


def test_modes_of_the_policy_are_in_force() -> None:
    rules = in_force(shipped(), {"brute-force": "enforce", "injection": "off"})
    modes = {rule.rule.id: rule.rule.mode for rule in rules}
    assert modes["brute-force"] == "enforce"
    assert "injection" not in modes


def test_shipped_rules_look_for_reasons_that_there_are() -> None:
    known = {"", *(reason.value for reason in Reason)}
    for rule in shipped():
        for fields in rule.rule.selections.values():
            wanted = fields.get("reason", [])
            assert set(wanted if isinstance(wanted, list) else [wanted]) <= known, rule.rule.id


@pytest.mark.parametrize("rule", shipped(), ids=lambda rule: rule.rule.id)
def test_the_page_on_detection_tells_every_rule_as_it_is(rule) -> None:  # type: ignore[no-untyped-def]
    told = rule.rule
    fires = told.fires or ", then ".join(f"{step.gte} × {step.of}" for step in told.sequence)
    cells = [
        f"`{told.id}`",
        told.title,
        ", ".join(told.references.owasp),
        ", ".join(told.references.attack),
        f"{', '.join(told.group_by) or 'all'}, {told.timespan}",
        f"`{fires}`",
        ", ".join(told.responses) or "–",
    ]
    (row,) = [line for line in PAGE if line.startswith(f"| `{told.id}` |")]
    *found, tuning = [cell.strip() for cell in row.strip("|").split("|")]
    assert found == cells
    assert len(tuning) > 10, "it says how to tune it"


def test_the_page_on_detection_tells_no_rule_that_is_gone() -> None:
    table = PAGE[PAGE.index("## The rules that are shipped") : PAGE.index("### What is usual for whom")]
    assert [line.split("`")[1] for line in table if line.startswith("| `")] == [r.rule.id for r in shipped()]
    shadow = [f"`{rule.rule.id}`" for rule in shipped() if rule.rule.mode == "shadow"]
    assert any(f"{' and '.join(shadow)} are shipped so" in line for line in PAGE)
    assert f"Detection: {len(shipped())} rules" in (PAGES.parent / "CHANGELOG.md").read_text()


def test_the_example_on_the_page_does_what_its_cases_say() -> None:
    rule, cases = "\n".join(PAGE).split("```yaml\n")[2:4]
    compiled = read_rule(rule.split("```")[0].encode(), "page")
    wanted = read_as(read_yaml(cases.split("```")[0].encode(), "page"), RuleCases)
    assert [fault(case, run_case(compiled, case)) for case in wanted.cases] == ["", ""]
