from pathlib import Path

from ringfence.policy.faults import FAULTS
from ringfence.policy.manual import _structs, describe, manual

PAGE = Path(__file__).parents[3] / "docs" / "policy.md"


def test_the_page_in_docs_is_the_manual() -> None:
    assert PAGE.read_text(encoding="utf-8") == manual(), "run: ringfence schema --manual > docs/policy.md"


def test_every_member_is_described() -> None:
    assert [
        f"{kind.cls.__name__}.{f.name}" for kind, _ in _structs() for f in kind.fields if not describe(f.type)
    ] == []


def test_every_fault_is_listed() -> None:
    assert all(f"| `{name}` |" in manual() for name in FAULTS)
