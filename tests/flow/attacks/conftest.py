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


@pytest.fixture(autouse=True, scope="module")
def every_refusal_is_on_record(target: Target) -> Iterator[None]:
    """Whatever a module's attacks were refused with stands in the event stream, once, when it ends."""
    target.events()
    yield
    target.check_records()


@pytest.fixture
def nothing_reaches_the_upstream(target: Target) -> Iterator[None]:
    before = target.calls()
    yield
    assert target.upstream.seen[before:] == []
