import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from logs import Running, call


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    opened = Running(tmp_path / "log")
    yield opened
    opened.close()


@pytest.fixture
def grown(running: Running) -> Running:
    """Three hundred and some entries of two producers, with a witnessed checkpoint on the way and one at the end."""
    running.grow([call(n) for n in range(150)])
    running.grow([call(n) for n in range(150, 180)], "oauth-00000001-y.journal")
    running.promise(witnessed=True)
    running.grow([call(n) for n in range(10_000, 10_090)])
    running.promise(witnessed=True)
    running.grow([call(n) for n in range(20_000, 20_030)], "oauth-00000001-y.journal")
    running.promise(witnessed=True)
    return running
