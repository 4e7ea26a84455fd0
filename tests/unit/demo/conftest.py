from collections.abc import Iterator
from pathlib import Path

import pytest

from ringfence.clock import Instant
from ringfence.demo.ledger import Ledger

NOW = Instant(1_800_000_000.0)


@pytest.fixture
def now() -> Instant:
    return NOW


@pytest.fixture
def ledger_file(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.db"
    with Ledger(path) as ledger:
        ledger.seed(NOW)
        ledger.enrol("cus_amara", "user_amara")
        ledger.enrol("cus_tomos", "user_tomos")
    return path


@pytest.fixture
def ledger(ledger_file: Path) -> Iterator[Ledger]:
    with Ledger(ledger_file) as opened:
        yield opened
