"""What is true of the file; what it promises is in tests/contract."""

import stat
from pathlib import Path

import pytest

from ringfence.clock import Instant
from ringfence.store.embedded.lmdb_sums import LmdbSums
from ringfence.store.interface import Unavailable
from ringfence.store.sums import Charge

CHARGE = Charge(key=b"k", amount=1, most=10, slot=1, since=1, expires_at=Instant(60))


def test_only_the_owner_reads_it(tmp_path: Path) -> None:
    sums = LmdbSums(tmp_path / "state" / "sums.mdb")
    assert stat.S_IMODE((tmp_path / "state" / "sums.mdb").stat().st_mode) == 0o600
    sums.close()


def test_a_place_that_cannot_be_had_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(Unavailable):
        LmdbSums(tmp_path / "state" / "sums.mdb")


async def test_a_file_that_is_gone_is_unavailable(tmp_path: Path) -> None:
    sums = LmdbSums(tmp_path / "sums.mdb")
    sums.close()
    with pytest.raises(Unavailable):
        await sums.add([CHARGE])
    with pytest.raises(Unavailable):
        await sums.take_back([CHARGE])
    with pytest.raises(Unavailable):
        await sums.sweep(Instant(0))
