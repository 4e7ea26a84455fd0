"""The examples of docs/cedar.md: its policies are loaded, and each row ends as the page says."""

import json
import re
from pathlib import Path

import pytest

from ringfence.clock import Instant
from ringfence.gateway.permit import determining, permit
from ringfence.gateway.ports import NoCountries
from ringfence.policy.cedar_schema import NAMES
from ringfence.policy.load import LoadedPolicy, PolicyMistakes
from ringfence.problem import Refused
from tests.cedar_page import CEDAR, PAGE, constrained, written_policy

ROW = re.compile(r"^\| `(\{[^|]*\})` \| (–|`[a-z-]+`) \| (–|`[a-z0-9 -]+`) \|$", re.MULTILINE)
NOW = Instant(1_800_000_000.0)


@pytest.fixture
def policy(tmp_path: Path) -> LoadedPolicy:
    return written_policy(tmp_path, CEDAR)


@pytest.mark.parametrize(("change", "reason", "policies"), ROW.findall(PAGE))
def test_each_row_ends_as_the_page_says(policy: LoadedPolicy, change: str, reason: str, policies: str) -> None:
    call = constrained(policy, json.loads(change), NOW)
    permitted, refused = None, None
    try:
        permitted = permit(call, policy.cedar, NoCountries(), NOW)
    except Refused as why:
        refused = why
    wanted = "" if reason == "–" else reason.strip("`")
    assert (refused.reason.value if refused else "") == wanted
    assert determining(permitted, refused) == tuple(policies.strip("–`").split())


def test_every_policy_of_the_page_has_a_row(policy: LoadedPolicy) -> None:
    assert policy.cedar is not None
    shown = {name for _, _, names in ROW.findall(PAGE) for name in names.strip("–`").split()}
    assert set(policy.cedar.names.values()) == shown
    assert len(ROW.findall(PAGE)) > len(policy.cedar.names)


def test_the_page_tells_every_part_of_the_context() -> None:
    assert {name for name in NAMES if f"`context.{name}`" in PAGE} == NAMES


def test_the_mistake_of_the_page(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    wrong = '@id("a")\npermit (principal is User, action == Action::"bank/v1/CreatePaymnt", resource);'
    with pytest.raises(PolicyMistakes) as found:
        written_policy(tmp_path, wrong)
    assert str(found.value).replace(f"{tmp_path}/", "") == shown.strip()
