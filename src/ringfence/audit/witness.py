"""Cosign a checkpoint of somebody else's log, if and only if it grew from the last one.  C2SP tlog-witness; RFC 9162 §2.1.4.2."""

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from ringfence.audit.merkle import EMPTY_ROOT, ProofInvalid, check_consistency
from ringfence.audit.note import Checkpoint, Note, NoteInvalid, NoteKey, message, signed, vouchers
from ringfence.audit.witness_protocol import (
    BAD,
    CONFLICT,
    FORBIDDEN,
    SIZE_TYPE,
    UNKNOWN,
    UNPROCESSABLE,
    Submission,
    read_submission,
)
from ringfence.clock import Instant
from ringfence.store.interface import Unavailable
from ringfence.store.private_file import create_private

WAIT_SECONDS: Final = 5.0

_TABLES: Final = (
    """CREATE TABLE IF NOT EXISTS seen (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL,
    note TEXT NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS declined (number INTEGER PRIMARY KEY, at REAL NOT NULL, origin TEXT NOT NULL,
    why TEXT NOT NULL, known_size INTEGER NOT NULL, submission BLOB NOT NULL)""",
)

Sign = Callable[[bytes], bytes]


class Declined(Exception):
    """A checkpoint is not cosigned."""

    def __init__(self, status: int, why: str, known_size: int = -1, *, evidence: bool = False) -> None:
        """Keep what to answer, and whether the submission is evidence against the log that signed it."""
        super().__init__(why)
        self.status = status
        self.why = why
        self.known_size = known_size
        self.evidence = evidence

    @property
    def answer(self) -> tuple[bytes, str]:
        """The body and its type: the size that is known, where that is what differs."""
        if self.status == CONFLICT and self.known_size >= 0:
            return f"{self.known_size}\n".encode(), SIZE_TYPE
        return f"{self.why}\n".encode(), "text/plain; charset=utf-8"


def consider(submission: Submission, known: Checkpoint | None, keys: tuple[NoteKey, ...]) -> Checkpoint:
    """Return the checkpoint if it is the log's, and grew from what is known.

    Args:
        submission: what the log sent.
        known: the last checkpoint of that origin; None for none.
        keys: those of the log; none means that the origin is unknown.

    Raises:
        Declined: with the status that the protocol gives to what is wrong.
    """
    new = submission.note.checkpoint
    if not keys:
        raise Declined(UNKNOWN, "this log is not known here")
    if not vouchers(submission.note, keys):
        raise Declined(FORBIDDEN, "the log's signature does not verify")
    if submission.old_size > new.size:
        raise Declined(BAD, "the old size is larger than the new one")
    size, root = (known.size, known.root) if known else (0, EMPTY_ROOT)
    if submission.old_size != size:
        raise Declined(CONFLICT, "another size was cosigned last", size, evidence=new.size < size)
    if new.size == size and new.root != root:
        raise Declined(CONFLICT, "another tree of that size was cosigned", size, evidence=True)
    try:
        check_consistency(size, root, new.size, new.root, submission.proof)
    except ProofInvalid as why:
        raise Declined(UNPROCESSABLE, str(why), size, evidence=True) from None
    return new


class Evidence(msgspec.Struct, frozen=True):
    """A submission that was not cosigned and speaks against the log that signed it."""

    at: float
    origin: str
    why: str
    known_size: int
    submission: bytes


class Witness:
    """Remembers the last checkpoint of each log in a SQLite file, and cosigns."""

    def __init__(self, path: Path, logs: Mapping[str, tuple[NoteKey, ...]], key: NoteKey, sign: Sign) -> None:
        """Open or make the file.  Raises Unavailable.

        Args:
            path: the file.
            logs: the keys of each log by its origin.
            key: our own public key, of a kind that has a time.
            sign: signs with it.
        """
        self._logs = logs
        self._key = key
        self._sign = sign
        try:
            create_private(str(path))
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._connection.execute(f"PRAGMA busy_timeout = {int(WAIT_SECONDS * 1000)}")
            self._connection.execute("PRAGMA synchronous = FULL")
            for statement in _TABLES:
                self._connection.execute(statement)
        except (OSError, sqlite3.Error) as error:
            raise Unavailable(f"witness: {error}") from error

    @property
    def origins(self) -> tuple[str, ...]:
        """The logs that are known."""
        return tuple(self._logs)

    def cosign(self, body: bytes, now: Instant) -> str:
        """Return the signature line for a checkpoint that grew; what it grew to is on the disk before.

        Two submissions at once are decided one after the other, in one transaction each.

        Raises:
            Declined: it is not cosigned; where it speaks against its log, it is kept.
            Unavailable: the memory cannot be read or written; nothing is cosigned.
        """
        try:
            submission = read_submission(body)
        except NoteInvalid as why:
            raise Declined(BAD, str(why)) from None
        origin = submission.note.checkpoint.origin
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                known = self._known(origin)
                checkpoint = consider(submission, known, self._logs.get(origin, ()))
                at = int(now)
                line = signed(self._key, at, self._sign(message(self._key, checkpoint, at))).line()
                self._keep(submission.note, line)
            except Declined as why:
                if why.evidence:
                    self._connection.execute(
                        "INSERT INTO declined (at, origin, why, known_size, submission) VALUES (?, ?, ?, ?, ?)",
                        (now, origin, why.why, why.known_size, body),
                    )
                self._connection.execute("COMMIT")
                raise
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise Unavailable(f"witness: {error}") from error
        finally:
            if self._connection.in_transaction:
                self._connection.rollback()
        return line

    def last(self, origin: str) -> str | None:
        """Return the last checkpoint of a log with our cosignature, as a note; None where there is none."""
        row = self._connection.execute("SELECT note FROM seen WHERE origin = ?", (origin,)).fetchone()
        return None if row is None else str(row[0])

    def evidence(self) -> list[Evidence]:
        """Return the submissions that speak against their logs, oldest first."""
        rows = self._connection.execute("SELECT at, origin, why, known_size, submission FROM declined ORDER BY number")
        return [Evidence(*row) for row in rows]

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _known(self, origin: str) -> Checkpoint | None:
        row = self._connection.execute("SELECT size, root FROM seen WHERE origin = ?", (origin,)).fetchone()
        return None if row is None else Checkpoint(origin, row[0], row[1])

    def _keep(self, note: Note, line: str) -> None:
        keys = self._logs[note.checkpoint.origin]
        ours = [s.line() for s in note.signatures if any((s.name, s.key_id) == (k.name, k.key_id) for k in keys)]
        text = note.checkpoint.body() + "\n" + "".join(ours) + line
        checkpoint = note.checkpoint
        self._connection.execute(
            "INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?)",
            (checkpoint.origin, checkpoint.size, checkpoint.root, text),
        )
