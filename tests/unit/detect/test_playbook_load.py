from pathlib import Path

import pytest

from ringfence.detect.load import shipped
from ringfence.detect.playbook_load import (
    MAX_PLAYBOOK_BYTES,
    playbooks_in_force,
    playbooks_with_own,
    read_playbook,
    shipped_playbooks,
)
from ringfence.policy.mistakes import PolicyMistakes

RULES = [rule.rule.id for rule in shipped()]
LIMITS = ("client", "user", "grant", "network")
OWN = """id: own-one
title: One of ours
description: Slows down whoever asks too much.
mode: "on"
rules: [limit-pushing]
steps:
  - {do: throttle, of: client}
"""


LADDER = """ladder:
  of: client
  within: 2h
  rungs:
    - {steps: [{do: step-up, of: client}]}
    - steps: [{do: throttle, of: client}, {do: notify, channels: [phone]}]
      from-risk: 0.5
    - {steps: [{do: suspend, of: client}], from-risk: 0.8}
"""


def mistakes(text: str, limits=LIMITS, channels=("phone",)) -> list[tuple[int, str]]:
    with pytest.raises(PolicyMistakes) as why:
        read_playbook(text.encode(), "own.yaml", RULES, limits, channels)
    return [(mistake.line, mistake.message) for mistake in why.value.mistakes]


def test_what_is_shipped_only_writes_down() -> None:
    books = shipped_playbooks(RULES)
    assert [book.id for book in books] == [
        "account-taken",
        "partner-misbehaves",
        "password-guessing",
        "scanning",
        "tokens-stolen",
    ]
    assert {book.mode for book in books} == {"dry-run"}


def test_no_shipped_playbook_keeps_a_customer_out_for_what_strangers_do() -> None:
    """A name can be guessed at by anybody: then the customer may be asked for more, and never shut out."""
    for book in shipped_playbooks(RULES):
        assert not [step for step in book.steps if (step.do, step.of) == ("block", "user")]


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("[limit-pushing]", "[limit-pusing]", 5, "no rule `limit-pusing`"),
        ("throttle, of: client", "revoke, of: client", 7, "`revoke` is not about a client"),
        ("throttle, of: client", "suspend, of: user", 7, "`suspend` is not about a user"),
        ("of: client}", "of: client, lasts: 31d}", 7, "longer than 30 days"),
        ("of: client}", "of: planet}", 7, "planet"),
        ("steps:", "stepps:", 6, "stepps"),
    ],
)
def test_mistakes_are_told_with_their_line(old: str, new: str, line: int, told: str) -> None:
    found = mistakes(OWN.replace(old, new))
    assert any(at == line and told in message for at, message in found), found


def test_a_throttle_that_would_slow_nothing_is_a_mistake() -> None:
    assert "no limit of the policy" in mistakes(OWN, ("network", "everyone"))[0][1]
    assert read_playbook(OWN.encode(), "f", RULES, ("operation",)).id == "own-one"


def test_a_playbook_is_bounded() -> None:
    assert "larger" in mistakes("#" * (MAX_PLAYBOOK_BYTES + 1))[0][1]


def test_ones_own_take_the_place_of_ours(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(OWN)
    (tmp_path / "b.yaml").write_text(OWN.replace("own-one", "scanning"))
    books = {book.id: book for book in playbooks_with_own(tmp_path, RULES, LIMITS)}
    assert len(books) == len(shipped_playbooks(RULES)) + 1
    assert books["scanning"].title == "One of ours"
    (tmp_path / "c.yaml").write_text(OWN)
    (tmp_path / "d.yaml").write_text("id: [")
    (tmp_path / "e.yaml").mkdir()
    with pytest.raises(PolicyMistakes) as why:
        playbooks_with_own(tmp_path, RULES, LIMITS)
    assert {Path(mistake.file).name for mistake in why.value.mistakes} == {"c.yaml", "d.yaml", "e.yaml"}


def test_the_policy_sets_modes() -> None:
    books = playbooks_in_force(shipped_playbooks(RULES), {"scanning": "on", "tokens-stolen": "off"})
    assert {book.id: book.mode for book in books}["scanning"] == "on"
    assert "tokens-stolen" not in {book.id for book in books}


def test_a_ladder_stands_beside_steps_or_alone() -> None:
    whole = read_playbook((OWN + LADDER).encode(), "f", RULES, LIMITS, ("phone",))
    assert whole.ladder is not None
    assert [rung.from_risk for rung in whole.ladder.rungs] == [None, 0.5, 0.8]
    alone = OWN.partition("steps:")[0]
    assert read_playbook((alone + LADDER).encode(), "f", RULES, LIMITS, ("phone",)).steps == ()
    assert "does nothing" in mistakes(alone)[0][1]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("from-risk: 0.8", "from-risk: 0.5", "no more than the risk of a rung below"),
        ("from-risk: 0.8", "from-risk: 1.5", "from-risk"),
        ("{do: suspend, of: client}", "{do: suspend, of: user}", "`suspend` is not about a user"),
        ("within: 2h", "within: 31d", "longer than 30 days"),
        ("[phone]", "[phon]", "no channel `phon`"),
        ("channels: [phone]", "channels: []", "by which channels"),
        ("channels: [phone]", "of: client, channels: [phone]", "`notify` is about the alert"),
        ("{do: step-up, of: client}", "{do: step-up}", "does not say to whom"),
        ("{do: step-up, of: client}", "{do: step-up, of: client, channels: [phone]}", "`step-up` tells nobody"),
    ],
)
def test_mistakes_on_a_rung_are_told(old: str, new: str, told: str) -> None:
    found = mistakes((OWN + LADDER).replace(old, new))
    assert any(told in message and line > 7 for line, message in found), found
