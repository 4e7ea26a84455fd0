"""Keys of single persons: what is sealed under one is gone when the key is, and the tree stands.  NIST SP 800-38D; NIST SP 800-88 §2.5."""

import base64
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ringfence.audit.ports import Wrapping
from ringfence.clock import Instant
from ringfence.ids import Random, new_correlation_id
from ringfence.store.interface import Unavailable
from ringfence.store.private_file import create_private

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
WAIT_SECONDS: Final = 5.0
MOST_REMEMBERED: Final = 20_000
"""Opened keys that are remembered: about 10 MB."""

DAY_PREFIX: Final = "day:"
"""Begins the name of the key for people of a day who are not known to us."""

_TABLE: Final = """CREATE TABLE IF NOT EXISTS persons (
    key_id TEXT PRIMARY KEY, person TEXT NOT NULL UNIQUE, wrapped TEXT NOT NULL, made REAL NOT NULL
) WITHOUT ROWID"""

T = TypeVar("T")


class Shredded(Exception):
    """The key is gone, and what was sealed under it with it."""


class Persons:
    """The keys of persons in one SQLite file, wrapped; for one thread at a time.

    Deleted content is overwritten (`secure_delete`) and leaves the write-ahead file with the deletion.
    """

    def __init__(self, path: Path, wrapping: Wrapping | None, random: Random) -> None:
        """Use the file `path`; without a `wrapping` keys can be told and shredded, not opened."""
        self._path = path
        self._wrapping = wrapping
        self._random = random
        self._connection: sqlite3.Connection | None = None
        self._version = -1
        self._now = Instant(0.0)
        self._by_person: dict[str, tuple[str, AESGCM]] = {}
        self._by_id: dict[str, AESGCM] = {}

    def begin(self, now: Instant) -> None:
        """Begin a batch of `seal`; `end` keeps the keys that it made.  Raises Unavailable."""
        self._do(lambda connection: connection.execute("BEGIN IMMEDIATE"))
        self._now = now
        version = self._do(lambda connection: connection.execute("PRAGMA data_version").fetchone()[0])
        if version != self._version or len(self._by_person) > MOST_REMEMBERED:
            self.forget()  # another process has shredded, perhaps
            self._version = version

    def end(self) -> None:
        """Keep the batch's keys on the disk.  Raises Unavailable."""
        self._do(lambda connection: connection.execute("COMMIT"))

    def cancel(self) -> None:
        """Give the batch up."""
        self.forget()
        if self._connection is not None and self._connection.in_transaction:
            self._connection.rollback()

    def forget(self) -> None:
        """Drop opened keys from memory."""
        self._by_person.clear()
        self._by_id.clear()

    def seal(self, person: str, plain: bytes, bound: str) -> tuple[str, str]:
        """Return the id of the person's key, made where there is none, and the text sealed under it in base64.

        Args:
            person: a user's identifier, or a day.
            plain: what to seal.
            bound: what the sealed text belongs to; it opens only with the same.

        Raises:
            Unavailable: keys cannot be read or made now.
        """
        known = self._by_person.get(person)
        if known is None:
            known = self._by_person[person] = self._do(lambda connection: self._known(connection, person))
        key_id, cipher = known
        nonce = self._random(NONCE_BYTES)
        return key_id, base64.b64encode(nonce + cipher.encrypt(nonce, plain, bound.encode())).decode()

    def unseal(self, key_id: str, sealed: str, bound: str) -> bytes:
        """Return what was sealed.

        Raises:
            Shredded: the key is gone, or this is not what was sealed under it.
            Unavailable: keys cannot be read now.
        """
        cipher = self._by_id.get(key_id)
        if cipher is None:
            row = self._do(
                lambda connection: connection.execute(
                    "SELECT wrapped FROM persons WHERE key_id = ?", (key_id,)
                ).fetchone()
            )
            if row is None:
                raise Shredded(key_id)
            cipher = self._by_id[key_id] = self._open(key_id, row[0])
        try:
            raw = base64.b64decode(sealed, validate=True)
            return cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], bound.encode())
        except (ValueError, InvalidTag):
            raise Shredded(key_id) from None

    def key_of(self, person: str) -> str | None:
        """Return the id of a person's key, or None.  Raises Unavailable."""
        row = self._do(
            lambda connection: connection.execute("SELECT key_id FROM persons WHERE person = ?", (person,)).fetchone()
        )
        return None if row is None else str(row[0])

    def shred(self, person: str) -> str | None:
        """Destroy a person's key; return its id, or None if there is none.  Raises Unavailable."""
        self.forget()

        def destroy(connection: sqlite3.Connection) -> str | None:
            row = connection.execute("DELETE FROM persons WHERE person = ? RETURNING key_id", (person,)).fetchone()
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return None if row is None else str(row[0])

        return self._do(destroy)

    def close(self) -> None:
        """Let go of the file."""
        self.forget()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _known(self, connection: sqlite3.Connection, person: str) -> tuple[str, AESGCM]:
        row = connection.execute("SELECT key_id, wrapped FROM persons WHERE person = ?", (person,)).fetchone()
        if row is not None:
            return str(row[0]), self._open(row[0], row[1])
        key_id, key = new_correlation_id(self._random), self._random(KEY_BYTES)
        if self._wrapping is None:
            raise Unavailable("keys of persons: there is nothing to wrap them with")
        wrapped = self._wrapping.seal(key, f"audit person {key_id}")
        connection.execute("INSERT INTO persons VALUES (?, ?, ?, ?)", (key_id, person, wrapped, self._now))
        return key_id, AESGCM(key)

    def _open(self, key_id: str, wrapped: str) -> AESGCM:
        if self._wrapping is None:
            raise Unavailable("keys of persons: there is nothing to open them with")
        try:
            return AESGCM(self._wrapping.unseal(wrapped, f"audit person {key_id}"))
        except Exception as error:
            raise Unavailable(f"keys of persons: {key_id} does not open: {type(error).__name__}") from error

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            if self._connection is None:
                self._connection = _open_file(self._path)
            return work(self._connection)
        except (sqlite3.Error, OSError) as error:
            self.forget()
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            raise Unavailable(f"keys of persons: {error}") from error


def _open_file(path: Path) -> sqlite3.Connection:
    create_private(str(path))
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=WAIT_SECONDS)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute(_TABLE)
    except BaseException:
        connection.close()
        raise
    return connection
