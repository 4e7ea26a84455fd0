"""The log itself: one appender, batches that are in it wholly or not at all, checkpoints that it never takes back."""

import fcntl
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from ringfence.audit import index
from ringfence.audit.index import EMPTY, Head
from ringfence.audit.merkle import Frontier, joined, leaf_hash, perfect_root
from ringfence.audit.note import Note, NoteInvalid
from ringfence.audit.persons import Persons
from ringfence.audit.record import SALT_BYTES, EntryInvalid, Record, read, write
from ringfence.audit.tiles import FILE_MODE, Edge, TileMissing, TileWriter, entries, remove_beyond
from ringfence.clock import Instant
from ringfence.ids import Random
from ringfence.store.interface import StoredEvent, Unavailable

CHECKPOINT: Final = "checkpoint"
HISTORY: Final = "checkpoints.jsonl"
INDEX: Final = "index.db"
PERSONS: Final = "persons.db"
LOCK: Final = "lock"

HISTORY_EVERY_SECONDS: Final = 60.0
"""A checkpoint a minute is kept for good; each is some 300 bytes."""


class Held(Exception):
    """Another process appends to this log."""


class Damaged(Exception):
    """What is on the disk is not the log that was written; nothing is appended to it."""


class Kept(msgspec.Struct, frozen=True):
    """A line of the history of checkpoints."""

    note: str
    published_at: float


class AuditLog:
    """The log in a directory, under this process's lock. Blocking: to be called in a thread, one call at a time."""

    def __init__(self, directory: Path, persons: Persons, random: Random) -> None:
        """Open the log, or begin one; leftovers of a batch that was broken off are removed.

        Raises:
            Held: another process has it.
            Damaged: the end of the log is not what it was when it was written.
            Unavailable: the directory cannot be used.
        """
        self.directory = directory
        self._persons = persons
        self._random = random
        self._lock = -1
        self._connection: sqlite3.Connection | None = None
        self._history_at = 0.0
        self._head = EMPTY
        self._edge = Edge([[]], [])
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._reopen()
        except BlockingIOError:
            self.close()
            raise Held(f"{directory}: another process appends to this log") from None
        except (OSError, sqlite3.Error) as error:
            self.close()
            raise Unavailable(f"audit log: {error}") from error
        except BaseException:
            self.close()
            raise

    @property
    def head(self) -> Head:
        """How far the log has got."""
        return self._head

    def append(self, events: Sequence[StoredEvent], now: Instant) -> Head:
        """Append events that are not in the log yet, in order; on the disk when it returns.

        Raises:
            Unavailable: nothing was appended.
        """
        fresh = [event for event in events if event.position > self._head.position]
        if not fresh:
            return self._head
        try:
            if self._connection is None:
                self._reopen()
            return self._append(fresh, Instant(max(now, self._head.logged_at)))
        except (OSError, sqlite3.Error, Unavailable) as error:
            self._persons.cancel()
            self._disconnect()  # the next attempt looks at the disk before it goes on
            raise Unavailable(f"audit log: {error}") from error

    def _append(self, fresh: Sequence[StoredEvent], now: Instant) -> Head:
        salts = self._random(SALT_BYTES * len(fresh))
        edge = self._edge.copy()
        writer = TileWriter(self.directory, self._head.size, edge)
        records: list[Record] = []
        self._persons.begin(now)
        try:
            for number, stored in enumerate(fresh):
                salt = salts[number * SALT_BYTES : (number + 1) * SALT_BYTES]
                written = write(stored, self._persons.seal, salt, now)
                writer.add(written.data, leaf_hash(written.data))
                records.append(written.record)
            self._persons.end()  # before the entries: an entry whose key was lost would be lost, too
            writer.finish()
        finally:
            writer.close()
        head = Head(writer.size, fresh[-1].position, now, root_of(edge))
        assert self._connection is not None
        index.keep(self._connection, head, self._head.size, records)
        self._edge, self._head = edge, head
        writer.clear_partial()
        return head

    def publish(self, note: Note, now: Instant) -> None:
        """Put a signed checkpoint in force; on the disk when it returns.

        Raises:
            Unavailable: the disk refuses; the one before stays.
        """
        text = str(note).encode()
        beside = self.directory / f".{CHECKPOINT}.new"
        try:
            _write_whole(beside, text)
            beside.replace(self.directory / CHECKPOINT)
            if now - self._history_at >= HISTORY_EVERY_SECONDS:
                _append_line(self.directory / HISTORY, msgspec.json.encode(Kept(text.decode(), now)))
                self._history_at = now
            _sync(self.directory)
        except OSError as error:
            raise Unavailable(f"audit log: {error}") from error

    def witness_size(self, name: str) -> int:
        """Return the size that a witness cosigned last, as far as we know; 0 for none.  Raises Unavailable."""
        try:
            if self._connection is None:
                self._reopen()
            assert self._connection is not None
            row = self._connection.execute("SELECT size FROM witnesses WHERE name = ?", (name,)).fetchone()
        except (sqlite3.Error, OSError) as error:
            raise Unavailable(f"audit log: {error}") from error
        return 0 if row is None else int(row[0])

    def note_witness(self, name: str, size: int) -> None:
        """Keep what a witness cosigned last.  Raises Unavailable."""
        try:
            assert self._connection is not None
            self._connection.execute("INSERT OR REPLACE INTO witnesses VALUES (?, ?)", (name, size))
        except sqlite3.Error as error:
            raise Unavailable(f"audit log: {error}") from error

    def close(self) -> None:
        """Let go of files and lock."""
        self._disconnect()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _reopen(self) -> None:
        self._connection = index.open_index(self.directory / INDEX)
        try:
            head = index.read_head(self._connection) or self._rebuilt(self._connection)
            self._edge = _checked_edge(self.directory, head)
            remove_beyond(self.directory, head.size)
        except TileMissing as missing:
            self._disconnect()
            raise Damaged(str(missing)) from missing
        except BaseException:
            self._disconnect()
            raise
        self._head = head

    def _rebuilt(self, connection: sqlite3.Connection) -> Head:
        """Make the index anew from the entries of the published checkpoint; what came later is read again."""
        note = published(self.directory)
        if note is None or note.checkpoint.size == 0:
            return EMPTY
        size = note.checkpoint.size
        tree = Frontier()
        records = []
        for place, data in enumerate(entries(self.directory, size)):
            tree.add(leaf_hash(data))
            try:
                records.append(read(data))
            except EntryInvalid as why:
                raise Damaged(f"entry {place}: {why}") from why
        if tree.root() != note.checkpoint.root:
            raise Damaged(f"the entries are not those of the published checkpoint of {size}")
        head = Head(size, records[-1].position, records[-1].logged_at, note.checkpoint.root)
        index.keep(connection, head, 0, records)
        return head


def _checked_edge(directory: Path, head: Head) -> Edge:
    promised = published(directory)
    if promised is not None and promised.checkpoint.size > head.size:
        raise Damaged(f"a checkpoint of {promised.checkpoint.size} was published; the index has {head.size}")
    edge = Edge.load(directory, head.size)
    if root_of(edge) != head.root:
        raise Damaged(f"the last tiles are not those of the tree of {head.size}")
    return edge


def published(directory: Path) -> Note | None:
    """Return the checkpoint in force, not verified; None where there is none yet.

    Raises:
        Damaged: it is no checkpoint.
        OSError: it cannot be read.
    """
    try:
        return Note.parse((directory / CHECKPOINT).read_bytes())
    except FileNotFoundError:
        return None
    except NoteInvalid as why:
        raise Damaged(f"{CHECKPOINT}: {why}") from why


def root_of(edge: Edge) -> bytes:
    """Return the root of the tree that has this right edge."""
    roots: list[bytes] = []  # perfect subtrees, the largest first
    for row in reversed(edge.rows):
        start, count = 0, len(row)
        for bit in reversed(range(count.bit_length())):
            if count >> bit & 1:
                roots.append(perfect_root(row[start : start + (1 << bit)]))
                start += 1 << bit
    return joined(roots)


def _write_whole(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def _append_line(path: Path, line: bytes) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    with os.fdopen(descriptor, "r+b") as file:
        end = file.seek(0, os.SEEK_END)
        while end and os.pread(descriptor, 1, end - 1) != b"\n":
            end -= 1  # a line that was torn off
        file.seek(end)
        file.truncate()
        file.write(line + b"\n")
        file.flush()
        os.fsync(descriptor)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
