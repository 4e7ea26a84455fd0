from pathlib import Path

import msgspec
import pytest

from ringfence.app.core_rules import NoCoreRules, load_core_rules
from ringfence.policy.load import load

RULE = "SecRule ARGS \"@rx {}\" \"id:1,phase:2,tag:'attack-sqli',tag:'paranoia-level/1'\"\n"


def rules(installation: Path, folder: str) -> tuple[list[str], tuple[str, ...]]:
    loaded = load(installation)
    policy = msgspec.structs.replace(
        loaded.policy, gateway=msgspec.structs.replace(loaded.policy.gateway, core_rules=folder)
    )
    taken, left = load_core_rules(policy, loaded.places)
    return [pattern.expression for pattern in taken], left


def test_rules_are_read_from_the_files_for_requests(installation: Path, tmp_path: Path) -> None:
    (tmp_path / "REQUEST-1.conf").write_text(RULE.format("a"))
    (tmp_path / "REQUEST-2.conf").write_text(RULE.format("(?=b)"))
    (tmp_path / "RESPONSE-1.conf").write_text(RULE.format("c"))
    assert rules(installation, str(tmp_path)) == (["a"], ("crs-1",))
    assert rules(installation, "") == ([], ())


def test_a_folder_without_rules_is_told(installation: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder, why in (("nowhere", "cannot be read"), ("empty", "no rules that can be used")):
        with pytest.raises(NoCoreRules, match=why):
            rules(installation, str(tmp_path / folder))
