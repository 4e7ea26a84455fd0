import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from installation_under_attack import HostileUpstream, Target, begin

from ringfence.demo.processes import Processes


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    directory = tmp_path_factory.mktemp("a")
    upstream = HostileUpstream()
    with Processes(directory / "logs") as processes:
        yield begin(directory, processes, upstream)
    upstream.close()
