from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ringfence.app.up import _careful, run_up
from ringfence.clock import Instant
from ringfence.events import Event
from ringfence.events.actions import RoleExited
from ringfence.policy.load import PolicyMistakes
from ringfence.store.interface import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable


def test_nothing_is_started_or_written_for_a_bad_policy(installation: Path) -> None:
    installation.write_text(installation.read_text().replace("port: 8444", "port: 8443"))
    before = sorted(path.name for path in installation.parent.iterdir())
    with pytest.raises(PolicyMistakes):
        run_up(installation)
    assert sorted(path.name for path in installation.parent.iterdir()) == before


def test_the_supervisor_goes_on_without_an_event_stream() -> None:
    def gone(_: Event) -> None:
        raise Unavailable("disk full")

    emit: Callable[[Event], None] = _careful(gone)
    emit(RoleExited(Instant(0.0), "gateway-0", -9, 0.1))
