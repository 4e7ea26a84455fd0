import os
from pathlib import Path

import pytest

from ringfence.app.intelligence import table_file
from ringfence.app.intelligence.table_file import TableFile
from ringfence.clock import Instant
from ringfence.edge.files import replace_file
from ringfence.intel.indicator import Indicator, network
from ringfence.intel.table import FeedSet, join

NOW = Instant(1.0)


def table(address: str, *agents: str) -> bytes:
    return join([FeedSet("a", "tag", (Indicator(*network(address)),), agents)])


@pytest.fixture(autouse=True)
def _look_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_file, "LOOK_EVERY", 0.0)


def test_a_new_table_is_used_and_a_damaged_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "table"
    seen = TableFile(path)
    assert seen.of("203.0.114.7", "x", NOW).feeds == ()
    replace_file(path, table("203.0.114.7", "sqlmap"))
    assert seen.of("203.0.114.7", "x", NOW).feeds == ("a",)
    assert seen.of("203.0.114.8", "SQLmap", NOW).feeds == ("a",)
    replace_file(path, table("203.0.114.8")[:-1])
    assert seen.of("203.0.114.7", "x", NOW).feeds == ("a",)
    replace_file(path, table("203.0.114.9", "("))
    assert seen.of("203.0.114.7", "x", NOW).feeds == ("a",)
    replace_file(path, table("203.0.114.8"))
    assert seen.of("203.0.114.7", "x", NOW).feeds == ()
    path.unlink()
    assert seen.of("203.0.114.8", "x", NOW).feeds == ()


def test_the_file_is_looked_at_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_file, "LOOK_EVERY", 1000.0)
    seen = TableFile(tmp_path / "table")
    monkeypatch.setattr(os, "stat", None)
    assert seen.of("203.0.114.7", "x", NOW).feeds == ()
