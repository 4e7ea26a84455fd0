"""Known payees of an installation: nothing is made before somebody asks."""

import stat
from pathlib import Path

import pytest

from ringfence.app.payees import FilePayees
from ringfence.clock import Instant
from ringfence.ids import system_random
from ringfence.policy.places import Places
from ringfence.store.interface import Unavailable

NOW = Instant(1_800_000_000.0)


def installed(root: Path) -> Places:
    return Places(root=root, state=root / "state", keys=root / "keys")


def made(root: Path) -> list[Path]:
    return list(root.iterdir())


async def test_nothing_is_made_before_somebody_asks(tmp_path: Path) -> None:
    payees = FilePayees(installed(tmp_path), system_random)
    assert await payees.sweep(NOW) == 0
    payees.close()
    assert not made(tmp_path)


async def test_the_key_is_made_once_and_kept(tmp_path: Path) -> None:
    where = installed(tmp_path)
    payees = FilePayees(where, system_random)
    await payees.paid("user alice", "gb1", NOW, Instant(NOW + 3600))
    payees.close()
    assert stat.S_IMODE(where.payees_key.stat().st_mode) == 0o600
    again = FilePayees(where, system_random)
    assert again.since("user alice", "gb1", NOW) == NOW
    assert await again.sweep(Instant(NOW + 86_400)) == 1
    again.close()


def test_a_key_that_cannot_be_had_is_unavailable(tmp_path: Path) -> None:
    where = installed(tmp_path)
    where.keys.mkdir()
    where.payees_key.write_bytes(b"short")
    with pytest.raises(Unavailable):
        FilePayees(where, system_random).since("user alice", "gb1", NOW)
    (tmp_path / "other").write_text("a file")
    with pytest.raises(Unavailable):
        FilePayees(Places(root=tmp_path, state=tmp_path, keys=tmp_path / "other" / "keys"), system_random).since("a", "b", NOW)  # fmt: skip
