import msgspec
import pytest

from ringfence.detect.playbook import LEVELS, Playbook, PlaybookStep


def test_the_ladder_is_in_order() -> None:
    assert LEVELS == ("informational", "low", "medium", "high", "critical")


def test_a_playbook_only_writes_down_unless_it_says_otherwise() -> None:
    step = {"do": "step-up", "of": "user"}
    raw = {"id": "some", "title": "Some title", "description": "Does something.", "rules": ["r"], "steps": [step]}
    assert msgspec.convert(raw, Playbook).mode == "dry-run"
    for wrong in ({"rules": []}, {"ladder": {"of": "user", "rungs": []}}, {"mode": "enforce"}, {"more": 1}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(raw | wrong, Playbook)
    for wrong in ({"factor": 1.0}, {"factor": 1e6}, {"lasts": "1y"}, {"do": "kill"}, {"from-level": "x"}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(step | wrong, PlaybookStep)
