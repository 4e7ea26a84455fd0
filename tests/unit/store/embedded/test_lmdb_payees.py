"""What is true of the file; what it promises is in tests/contract."""

import stat
from pathlib import Path

import pytest

from ringfence.clock import Instant
from ringfence.store.embedded.lmdb_payees import KEY_BYTES, LmdbPayees
from ringfence.store.interface import Unavailable

NOW = Instant(1_800_000_000.0)
KEY, OTHER = b"k" * KEY_BYTES, b"o" * KEY_BYTES


async def test_the_file_is_its_owners_and_names_nobody(tmp_path: Path) -> None:
    file = tmp_path / "payees.mdb"
    payees = LmdbPayees(file, KEY)
    await payees.paid("user alice", "gb29nwbk", NOW, Instant(NOW + 60))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert b"alice" not in file.read_bytes()
    assert b"nwbk" not in file.read_bytes()
    payees.close()


async def test_without_the_key_nobody_is_found(tmp_path: Path) -> None:
    payees = LmdbPayees(tmp_path / "payees.mdb", KEY)
    await payees.paid("user alice", "gb29nwbk", NOW, Instant(NOW + 60))
    payees.close()
    other = LmdbPayees(tmp_path / "payees.mdb", OTHER)
    assert other.since("user alice", "gb29nwbk", NOW) is None
    other.close()


async def test_a_payee_that_was_paid_a_moment_ago_costs_no_write(tmp_path: Path) -> None:
    file = tmp_path / "payees.mdb"
    payees = LmdbPayees(file, KEY)
    await payees.paid("user alice", "gb1", NOW, Instant(NOW + 86_400 * 400))
    before = payees._env.info()["last_txnid"]
    await payees.paid("user alice", "gb1", Instant(NOW + 60), Instant(NOW + 60 + 86_400 * 400))
    assert payees._env.info()["last_txnid"] == before
    payees.close()


async def test_a_file_that_is_gone_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(Unavailable):
        LmdbPayees(tmp_path / "state" / "payees.mdb", KEY)
    payees = LmdbPayees(tmp_path / "payees.mdb", KEY)
    payees.close()
    with pytest.raises(Unavailable):
        payees.since("user alice", "gb1", NOW)
    with pytest.raises(Unavailable):
        await payees.paid("user alice", "gb1", NOW, NOW)
    with pytest.raises(Unavailable):
        await payees.sweep(NOW)
