"""The tree and its entries as files that never change once they are full.  C2SP tlog-tiles."""

import os
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

from ringfence.audit.merkle import HASH_BYTES, perfect_root

WIDTH: Final = 256
"""Hashes of a full tile, entries of a full bundle."""
HEIGHT: Final = 8
LONGEST_ENTRY: Final = 0xFFFF
"""Two bytes say how long an entry is."""
ENTRIES: Final = "entries"
FILE_MODE: Final = 0o600


class TileMissing(Exception):
    """A tile or bundle is not there, or is not as long as it must be. `str()` names it."""


def tile_path(level: int | str, number: int, width: int = WIDTH) -> str:
    """Return where a tile lies below the log's directory.

    Args:
        level: from 0, the leaves' hashes; or `ENTRIES`.
        number: from 0.
        width: how many it holds; less than 256 only for the last one.
    """
    digits = f"{number:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    path = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    return f"tile/{level}/{path}" + (f".p/{width}" if width < WIDTH else "")


def levels(size: int) -> Iterator[tuple[int, int]]:
    """Return the levels of a tree with how many hashes each has in its tiles."""
    level = 0
    while count := size >> HEIGHT * level:
        yield level, count
        level += 1


def width_of(count: int, number: int) -> int:
    """Return how many of `count` the tile of that number holds."""
    return min(WIDTH, count - number * WIDTH)


def read_tile(directory: Path, level: int, number: int, width: int) -> list[bytes]:
    """Return a tile's hashes; a partial one may meanwhile have been replaced by the full one.  Raises TileMissing."""
    path, data = _read(directory, level, number, width)
    found = [data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES)]
    return _first(width, found, path, whole=not len(data) % HASH_BYTES)


def read_entries(directory: Path, number: int, width: int) -> list[bytes]:
    """Return a bundle's entries; the same holds.  Raises TileMissing."""
    path, data = _read(directory, ENTRIES, number, width)
    found, at = [], 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if end > len(data):
            break
        found.append(data[at + 2 : end])
        at = end
    return _first(width, found, path, whole=at == len(data))


def _first(width: int, found: list[bytes], path: str, *, whole: bool) -> list[bytes]:
    if not whole or len(found) not in {width, WIDTH}:
        raise TileMissing(f"{path} does not hold {width} whole ones")
    return found[:width]


def _read(directory: Path, level: int | str, number: int, width: int) -> tuple[str, bytes]:
    for path in (tile_path(level, number, width), tile_path(level, number)):
        try:
            return path, (directory / path).read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise TileMissing(f"{path} cannot be read: {error.strerror}") from error
    raise TileMissing(f"{tile_path(level, number, width)} is not there")


def nodes(directory: Path, size: int) -> Callable[[int, int], bytes]:
    """Return what finds the nodes of a tree of `size` in its tiles: for `audit.proofs`.  It raises TileMissing."""

    @lru_cache(maxsize=64)
    def tile(level: int, number: int) -> list[bytes]:
        return read_tile(directory, level, number, width_of(size >> HEIGHT * level, number))

    def node(level: int, index: int) -> bytes:
        above, within = divmod(level, HEIGHT)
        first = index << within
        at = first % WIDTH
        return perfect_root(tile(above, first // WIDTH)[at : at + (1 << within)])

    return node


def entry(directory: Path, index: int, size: int) -> bytes:
    """Return one entry of a log of `size`.  Raises TileMissing."""
    number, at = divmod(index, WIDTH)
    return read_entries(directory, number, width_of(size, number))[at]


def entries(directory: Path, size: int) -> Iterator[bytes]:
    """Return every entry of a log of `size`, in order.  Raises TileMissing on the way."""
    for number in range(-(-size // WIDTH)):
        yield from read_entries(directory, number, width_of(size, number))


class Edge:
    """The growing right edge of the tiles: what the last, partial one of each level holds."""

    def __init__(self, rows: list[list[bytes]], bundle: list[bytes]) -> None:
        """Go on from these; `load` reads them."""
        self.rows = rows
        self.entries = bundle

    @classmethod
    def load(cls, directory: Path, size: int) -> "Edge":
        """Return the edge of the log of that size.  Raises TileMissing."""
        rows = []
        for level, count in levels(size):
            full, rest = divmod(count, WIDTH)
            rows.append(read_tile(directory, level, full, rest) if rest else [])
        full, rest = divmod(size, WIDTH)
        return cls(rows or [[]], read_entries(directory, full, rest) if rest else [])

    def copy(self) -> "Edge":
        """Return one that can be grown and thrown away."""
        return Edge([row[:] for row in self.rows], self.entries[:])


class TileWriter:
    """Writes what a batch adds; everything is on the disk when `finish` returns.

    Files are written in full under their last names: nothing of them counts before the head says so, and a
    batch that was broken off is written again over what it left.
    """

    def __init__(self, directory: Path, size: int, edge: Edge) -> None:
        """Go on from a log of `size`; `edge` is changed."""
        self._directory = directory
        self._edge = edge
        self._descriptors: list[int] = []
        self._folders: set[Path] = set()
        self._filled: list[tuple[int | str, int]] = []
        self._changed: set[int] = set()
        self.size = size

    def add(self, entry: bytes, leaf: bytes) -> None:
        """Add an entry with its leaf hash.  Raises OSError; ValueError for an entry that is too long."""
        if len(entry) > LONGEST_ENTRY:
            raise ValueError(f"an entry of {len(entry)} bytes is too long: {LONGEST_ENTRY} at most")
        self._edge.entries.append(entry)
        self.size += 1
        if not self.size % WIDTH:
            self._write(ENTRIES, self.size // WIDTH - 1, _bundle(self._edge.entries), WIDTH)
            self._edge.entries.clear()
        self._grow(0, leaf)

    def _grow(self, level: int, hashed: bytes) -> None:
        if level == len(self._edge.rows):
            self._edge.rows.append([])
        row = self._edge.rows[level]
        row.append(hashed)
        self._changed.add(level)
        if len(row) == WIDTH:
            number = (self.size >> HEIGHT * level) // WIDTH - 1
            self._write(level, number, b"".join(row), WIDTH)
            self._grow(level + 1, perfect_root(row))
            row.clear()

    def finish(self) -> None:
        """Write the partial tiles, and bring everything to the disk.  Raises OSError."""
        try:
            if self._edge.entries:
                width = len(self._edge.entries)
                self._write(ENTRIES, self.size // WIDTH, _bundle(self._edge.entries), width)
            for level in sorted(self._changed):
                if row := self._edge.rows[level]:
                    self._write(level, (self.size >> HEIGHT * level) // WIDTH, b"".join(row), len(row))
            for descriptor in self._descriptors:
                os.fsync(descriptor)
            for folder in self._folders:
                _sync_folder(folder)
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the files."""
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors = []

    def clear_partial(self) -> None:
        """Remove the partial forms of tiles that are full now; call it when the head says so."""
        for level, number in self._filled:
            folder = self._directory / (tile_path(level, number) + ".p")
            if folder.is_dir():
                for path in folder.iterdir():
                    path.unlink()
                folder.rmdir()

    def _write(self, level: int | str, number: int, data: bytes, width: int) -> None:
        path = self._directory / tile_path(level, number, width)
        self._make_folder(path.parent)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, FILE_MODE)
        self._descriptors.append(descriptor)
        written = 0
        while written < len(data):
            written += os.write(descriptor, data[written:])
        if width == WIDTH:
            self._filled.append((level, number))

    def _make_folder(self, folder: Path) -> None:
        if not folder.is_dir():
            self._make_folder(folder.parent)
            folder.mkdir(mode=0o700, exist_ok=True)
            self._folders.add(folder.parent)
        self._folders.add(folder)


def remove_beyond(directory: Path, size: int) -> None:
    """Remove what a broken-off batch left behind the log's end.  Raises OSError."""
    _remove_from(directory, ENTRIES, size)
    level = 0
    while (directory / "tile" / str(level)).is_dir():
        _remove_from(directory, level, size >> HEIGHT * level)
        level += 1


def _remove_from(directory: Path, level: int | str, count: int) -> None:
    """Batches are written in order, so what is left over begins at the edge and has no gaps."""
    number = count // WIDTH
    while True:
        whole = directory / tile_path(level, number)
        parts = whole.with_name(whole.name + ".p")
        if not whole.exists() and not parts.is_dir():
            return
        whole.unlink(missing_ok=True)
        for part in parts.iterdir() if parts.is_dir() else ():
            if number * WIDTH + int(part.name) > count:
                part.unlink()
        number += 1


def _bundle(of: list[bytes]) -> bytes:
    return b"".join(len(e).to_bytes(2, "big") + e for e in of)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
