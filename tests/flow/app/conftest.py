import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from running_installation import Running, begin

from ringfence.demo.processes import Processes


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    directory = tmp_path_factory.mktemp("u")
    with Processes(directory / "logs") as processes:
        yield begin(directory, processes)
