"""The same authorization server, partners and browsers as in the unit tests, on both databases."""

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

_path = Path(__file__).parents[1] / "unit" / "oauth" / "conftest.py"
_spec = importlib.util.spec_from_file_location("oauth_harness", _path)
assert _spec is not None
assert _spec.loader is not None
harness = importlib.util.module_from_spec(_spec)
sys.modules["oauth_harness"] = harness
_spec.loader.exec_module(harness)

bank = harness.bank
template = harness.template


@pytest.fixture(params=["sqlite", "postgres"])
async def records_url(request: pytest.FixtureRequest, tmp_path: Path, template: Path) -> str:
    if request.param == "sqlite":
        shutil.copy(template, tmp_path / "records.db")
        return f"sqlite+aiosqlite:///{tmp_path}/records.db"
    return str(await request.getfixturevalue("postgres").emptied())
