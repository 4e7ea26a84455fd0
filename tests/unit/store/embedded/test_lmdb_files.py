"""The marks of another boot are discarded, the blocks stay; a full disk is an outage, not a crash."""

import os
import resource
import signal
import stat
from pathlib import Path

import pytest

from ringfence.clock import Instant
from ringfence.store.embedded.lmdb_state import LmdbState
from ringfence.store.interface import Admission, Unavailable

NOW = Instant(1_800_000_000.0)
LATER = Instant(NOW + 1000)


async def test_after_a_boot_blocks_stand_and_marks_begin_anew(tmp_path: Path) -> None:
    before = LmdbState(tmp_path / "fast", boot=lambda: "first")
    await before.block([b"grant"], LATER, NOW)
    await before.claim(b"jti", LATER, NOW)
    before.close()
    same = LmdbState(tmp_path / "fast", boot=lambda: "first")
    assert not await same.claim(b"jti", LATER, NOW)
    same.close()
    after = LmdbState(tmp_path / "fast", boot=lambda: "second")
    assert (await after.admit(Admission(blocks=(b"grant",)), NOW)).blocked == 0
    assert await after.claim(b"jti", LATER, NOW)
    after.close()


def test_only_the_owner_reads_the_files(tmp_path: Path) -> None:
    state = LmdbState(tmp_path / "fast")
    assert stat.S_IMODE((tmp_path / "fast").stat().st_mode) == 0o700
    for name in ("marks.mdb", "blocks.mdb", "marks.mdb-lock", "blocks.mdb-lock"):
        assert stat.S_IMODE((tmp_path / "fast" / name).stat().st_mode) == 0o600
    state.close()


def test_a_place_that_is_no_directory_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "fast").write_text("a file")
    with pytest.raises(Unavailable):
        LmdbState(tmp_path / "fast")


async def test_a_file_that_is_not_ours_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "fast").mkdir()
    (tmp_path / "fast" / "blocks.mdb").write_bytes(os.urandom(8192))
    with pytest.raises(Unavailable):
        LmdbState(tmp_path / "fast")


async def test_a_disk_that_is_full_refuses_and_goes_on_when_it_is_not(tmp_path: Path) -> None:
    state = LmdbState(tmp_path / "fast")
    assert await state.claim(b"before", LATER, NOW)
    size = (tmp_path / "fast" / "marks.mdb").stat().st_size

    async def fill() -> None:
        for i in range(10_000):
            await state.claim(b"%d" % i, LATER, NOW)

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 65_536, hard))
    try:
        with pytest.raises(Unavailable):
            await fill()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, old)
    assert not await state.claim(b"before", LATER, NOW)
    assert await state.claim(b"after", LATER, NOW)
    state.close()
