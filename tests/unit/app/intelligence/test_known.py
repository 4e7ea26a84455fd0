from pathlib import Path

import pytest

from ringfence.app.intelligence.known import KnownInPlace
from ringfence.clock import Instant
from ringfence.intel.indicator import Indicator, network
from ringfence.intel.table import FeedSet, join
from ringfence.store.interface import Unavailable


def test_what_is_in_place_is_known(tmp_path: Path) -> None:
    known = KnownInPlace(tmp_path / "place")
    assert known.status().feeds == ()
    assert known.of("203.0.114.7", Instant(1.0)).feeds == ()
    known.ask()
    assert (tmp_path / "place" / "asked").exists()
    (tmp_path / "place" / "table").write_bytes(join([FeedSet("a", "refuse", (Indicator(*network("203.0.114.7")),))]))
    assert known.of("203.0.114.7", Instant(1.0)).action == "refuse"


def test_damaged_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "table").write_bytes(b"x")
    (tmp_path / "status.json").write_bytes(b"x")
    known = KnownInPlace(tmp_path)
    for ask in (known.status, lambda: known.of("203.0.114.7", Instant(1.0))):
        with pytest.raises(Unavailable):
            ask()
    with pytest.raises(Unavailable):
        KnownInPlace(tmp_path / "table").ask()
