"""What docs/responses.md shows is what there is."""

import re
from pathlib import Path

import msgspec

from ringfence.detect.load import shipped
from ringfence.detect.playbook_load import read_playbook, shipped_playbooks
from ringfence.policy.notify_model import Notify
from ringfence.policy.watch_model import Watch
from ringfence.policy.yaml_source import read_yaml
from ringfence.store.response_interface import ABOUT

PAGE = (Path(__file__).parents[2] / "docs" / "responses.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
RULES = [rule.rule.id for rule in shipped()]


def test_the_examples_are_taken() -> None:
    policy, playbook, ladder, channels = EXAMPLES
    watch = msgspec.convert(read_yaml(policy.encode(), "page").data["watch"], Watch)
    assert set(watch.playbook_modes) <= {book.id for book in shipped_playbooks(RULES)}
    assert set(watch.modes) <= set(RULES)
    assert read_playbook(playbook.encode(), "page", RULES, ("client",)).id == "slow-partners"
    notify = msgspec.convert(read_yaml(channels.encode(), "page").data["notify"], Notify)
    assert notify.names == ("on-call", "chat", "duty", "soc")
    climbs = read_playbook(ladder.encode(), "page", RULES, ("client",), notify.names).ladder
    assert climbs is not None
    assert [rung.from_risk for rung in climbs.rungs] == [None, 0.6, 0.9]


def test_every_shipped_playbook_and_every_kind_has_its_row() -> None:
    for book in shipped_playbooks(RULES):
        (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{book.id}` |")]
        assert f"| {', '.join(book.rules)} |" in row
        assert all(step.do in row for step in book.steps)
    for kind in ABOUT:
        assert [line for line in PAGE.splitlines() if line.startswith(f"| `{kind}` |")]
