"""The two LMDB files of the fast state, opened by all workers: durable blocks and quick marks.

LMDB either flushes each transaction to the disk (milliseconds) or leaves that to the operating system
(microseconds). Revocations need the first, replay marks and buckets the second, so each has its own file.
A killed process harms neither: what was committed stands in the page cache, and the next writer inherits
the lock. A machine that lost power may leave the second file torn, so after a boot it is begun anew.
"""

import fcntl
from collections.abc import Callable
from pathlib import Path

import lmdb

from ringfence.store.interface import Unavailable

DEFAULT_MAP_BYTES = 1 << 30
"""Upper bound of the marks file, about 5 million live marks; the file itself grows only as it is used."""

BLOCKS_MAP_BYTES = 1 << 28
"""Upper bound of the blocks file: some 2 million revocations within one access-token life."""

MAX_READERS = 512
"""Processes that may read at once: 64 workers, and room for those that are being replaced."""

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def machine_boot() -> str:
    """Return what names the machine's present boot, or a fixed text where the system has no such name."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return "unknown"


def open_files(
    path: Path,
    map_bytes: int,
    boot: Callable[[], str] = machine_boot,
    fill: Callable[[lmdb.Environment], None] = lambda _marks: None,
) -> tuple[lmdb.Environment, lmdb.Environment]:
    """Open the blocks and the marks below the directory `path`, creating them with mode 0600 where absent.

    Args:
        path: a directory of our own on a local disk (LMDB does not work over network file systems).
        map_bytes: upper bound of the marks file.
        boot: names the machine's present boot; marks of another boot are discarded.
        fill: puts into marks that are new what outlives a boot, before anybody else can open them.

    Raises:
        Unavailable: the files cannot be opened.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (path / "open.lock").open("a+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _discard_marks_of_another_boot(path, boot())
            return _open(path / "blocks.mdb", BLOCKS_MAP_BYTES, durable=True), _open_marks(path, map_bytes, fill)
    except (lmdb.Error, OSError) as error:
        raise Unavailable(f"fast state in {path}: {error}") from error


def _open_marks(path: Path, map_bytes: int, fill: Callable[[lmdb.Environment], None]) -> lmdb.Environment:
    """Open the marks; new ones are filled before they have their name, so that none are ever there half filled."""
    file, making = path / "marks.mdb", path / "marks.making"
    if not file.exists():
        for leftover in (making, path / "marks.making-lock", path / "marks.mdb-lock"):
            leftover.unlink(missing_ok=True)
        marks = _open(making, map_bytes, durable=False)
        try:
            fill(marks)
        finally:
            marks.close()
        making.rename(file)
        (path / "marks.making-lock").unlink(missing_ok=True)
    return _open(file, map_bytes, durable=False)


def open_durable(file: Path, map_bytes: int) -> lmdb.Environment:
    """Open or make a file whose transactions are on the disk when they end, mode 0600.  Raises Unavailable."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _open(file, map_bytes, durable=True)
    except (lmdb.Error, OSError) as error:
        raise Unavailable(f"{file}: {error}") from error


def _discard_marks_of_another_boot(path: Path, boot: str) -> None:
    known = path / "boot"
    if known.exists() and known.read_text() == boot:
        return
    (path / "marks.mdb").unlink(missing_ok=True)
    (path / "marks.mdb-lock").unlink(missing_ok=True)
    known.write_text(boot)


def _open(file: Path, map_bytes: int, *, durable: bool) -> lmdb.Environment:
    # No writemap, though it halves the time of a commit: on a full disk the kernel would answer a store into
    # a hole of the mapped file with SIGBUS, which kills the worker; `write` answers with ENOSPC.
    env = lmdb.open(
        str(file),
        map_size=map_bytes,
        subdir=False,
        sync=durable,
        metasync=durable,
        mode=0o600,
        readahead=False,
        max_readers=MAX_READERS,
        max_spare_txns=2,
    )
    env.reader_check()  # slots of readers that were killed
    return env
