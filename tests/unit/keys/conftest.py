from collections.abc import Callable
from pathlib import Path

import pytest

from ringfence.keys.keeper import Keeper
from tests import keys_fixture


@pytest.fixture
def clock() -> keys_fixture.Clock:
    return keys_fixture.Clock()


@pytest.fixture
def events() -> list:
    return []


@pytest.fixture
def open_keeper(tmp_path: Path, clock: keys_fixture.Clock, events: list) -> Callable[[], Keeper]:
    """Open the keeper of the test's ledger; a second call is what comes after a restart."""
    return lambda: keys_fixture.open_keeper(tmp_path, clock, events.append)


@pytest.fixture
def keeper(open_keeper: Callable[[], Keeper]) -> Keeper:
    return open_keeper()
