"""What is true of the file; what it promises is in tests/contract."""

import stat
from pathlib import Path

import pytest

from ringfence.clock import Instant
from ringfence.store.embedded.lmdb_idempotency import LmdbIdempotencyKeys
from ringfence.store.idempotency import Entry, Standing
from ringfence.store.interface import Unavailable

ENTRY = Entry(b"f", "owner", Instant(30), Instant(60))


def test_only_the_owner_reads_it(tmp_path: Path) -> None:
    keys = LmdbIdempotencyKeys(tmp_path / "keys.mdb")
    assert stat.S_IMODE((tmp_path / "keys.mdb").stat().st_mode) == 0o600
    keys.close()


async def test_a_file_that_is_gone_is_unavailable(tmp_path: Path) -> None:
    keys = LmdbIdempotencyKeys(tmp_path / "keys.mdb")
    keys.close()
    with pytest.raises(Unavailable):
        await keys.claim(b"k", ENTRY, Instant(0))
    with pytest.raises(Unavailable):
        await keys.settle(b"k", "owner", Standing.UNCLEAR)
    with pytest.raises(Unavailable):
        await keys.release(b"k", "owner")
    with pytest.raises(Unavailable):
        await keys.sweep(Instant(0))
