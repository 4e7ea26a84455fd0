"""Look into the audit log of an installation, as whoever runs it may: from its files, appending nothing."""

import asyncio
import sqlite3
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from ringfence.app.audit import LOG_KEYS
from ringfence.app.persons_key import open_sealer
from ringfence.app.receipt_keys import read_key
from ringfence.app.untraceable import hide_memory
from ringfence.audit import index, receipt
from ringfence.audit.bundle import Bundle, OpenedKey, prove
from ringfence.audit.index import Wanted
from ringfence.audit.log import INDEX, PERSONS, Damaged, published
from ringfence.audit.note import Note, NoteInvalid, NoteKey, vouchers
from ringfence.audit.persons import Persons, Shredded
from ringfence.audit.ports import Wrapping
from ringfence.audit.record import bound, read
from ringfence.audit.tiles import TileMissing, entry
from ringfence.custody.client import SignerClient
from ringfence.ids import system_random
from ringfence.policy.places import Places
from ringfence.store.interface import Unavailable

RECEIPT_KEY_EVENT: Final = "audit.receipt_key.v1"
SEALED: Final = "sealed"
"""Stands for personal members that nobody can read any more, or not here."""


class NotThere(Exception):
    """There is no such log, entry or key. `str()` says which."""


class Found(msgspec.Struct, frozen=True):
    """An entry as it is shown."""

    place: int
    logged_at: float
    event: dict[str, Any]
    personal: str
    """`none`, `open`, or `sealed`."""


class AuditReader:
    """Reads a log; personal members are opened where the key to the persons' keys can be read."""

    def __init__(self, where: Places, wrapping: Wrapping | None = None) -> None:
        """Open the index; without a `wrapping` personal members stay sealed.  Raises NotThere."""
        self._where = where
        self.directory = where.audit
        path = where.audit / INDEX
        if not path.exists():
            raise NotThere(f"there is no audit log in {where.audit}")
        try:
            self._index = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
            head = index.read_head(self._index)
        except sqlite3.Error as error:
            raise NotThere(f"{path} cannot be read: {error}") from error
        self._size = head.size if head else 0
        self._persons = Persons(where.audit / PERSONS, wrapping, system_random)

    def close(self) -> None:
        """Let go of the files."""
        self._index.close()
        self._persons.close()

    def person_key(self, person: str) -> str:
        """Return the id of the key that a person's members are under.  Raises NotThere."""
        key = self._persons.key_of(person)
        if key is None:
            raise NotThere(f"the log keeps nothing under a key of {person!r}")
        return key

    def search(self, wanted: Wanted, limit: int) -> list[Found]:
        """Return the newest entries that fit, oldest first."""
        return [self.show(place) for place in reversed(index.search(self._index, wanted, limit))]

    def every(self, wanted: Wanted) -> Iterator[Found]:
        """Return all entries that fit, newest first, without holding them all."""
        before: int | None = None
        while places := index.search(self._index, wanted, 1000, before):
            yield from map(self.show, places)
            before = places[-1]

    def show(self, place: int) -> Found:
        """Return an entry.  Raises NotThere."""
        try:
            record = read(entry(self.directory, place, self._size))
        except TileMissing as missing:
            raise NotThere(str(missing)) from missing
        if record.sealed is None:
            return Found(place, record.logged_at, record.event, "none")
        try:
            bound_to = bound(record.position, record.event)
            plain = self._persons.unseal(record.sealed.key, record.sealed.data, bound_to)
        except (Shredded, Unavailable):
            return Found(place, record.logged_at, record.event, SEALED)
        return Found(place, record.logged_at, record.event | msgspec.json.decode(plain), "open")

    def place_of(self, named: str) -> int:
        """Return the place that a number or a correlation id names: the newest entry of that call.  Raises NotThere."""
        if named.isdecimal():
            if int(named) >= self._size:
                raise NotThere(f"the log has {self._size} entries, from 0")
            return int(named)
        found = index.search(self._index, Wanted(correlation=named), 1)
        if not found:
            raise NotThere(f"no entry has the correlation id {named!r}")
        return found[0]

    def log_keys(self) -> tuple[NoteKey, ...]:
        """Return the log's keys as it tells them itself.  Raises NotThere."""
        try:
            lines = (self.directory / LOG_KEYS).read_text().splitlines()
            return tuple(map(NoteKey.parse, lines))
        except (OSError, NoteInvalid) as why:
            raise NotThere(f"{self.directory / LOG_KEYS}: {why}") from why

    def checkpoint(self) -> Note:
        """Return the checkpoint in force.  Raises NotThere."""
        try:
            note = published(self.directory)
        except (Damaged, OSError) as why:
            raise NotThere(str(why)) from why
        if note is None:
            raise NotThere("no checkpoint has been published yet")
        return note

    def prove(self, place: int, witnesses: tuple[NoteKey, ...], since: Note | None) -> Bundle:
        """Return the proof of an entry.  Raises NotYet, TileMissing or NotThere."""
        note = self.checkpoint()
        return prove(self.directory, place, note, self.log_keys(), tuple(vouchers(note, witnesses)), since)

    def prove_receipt(
        self, value: str, witnesses: tuple[NoteKey, ...], since: Note | None, *, open_key: bool
    ) -> Bundle:
        """Return the proof of the entry that a receipt promised, once the receipt has been found to be ours.

        Args:
            value: of the field `Ringfence-Receipt`.
            witnesses: whose cosignatures to name.
            since: a checkpoint to show growth from.
            open_key: give the day's key away, so that anybody can see that only we can have made the receipt.

        Raises:
            ReceiptInvalid: it is not ours, or the log says something else.
            NotThere, NotYet, TileMissing: the entry or the key is not there.
        """
        held = receipt.read(value)
        key = read_key(self._where.receipt_keys, held.key)
        if key is None:
            raise NotThere(f"there is no receipt key {held.key!r}")
        place = self._call_of(held)
        bundle = msgspec.structs.replace(self.prove(place, witnesses, since), receipt=value)
        receipt.check(held, read(entry(self.directory, place, self._size)).event, key)
        if not open_key:
            return bundle
        for candidate in index.search(self._index, Wanted(kind=RECEIPT_KEY_EVENT), 1000):
            if self.show(candidate).event["sha256"] == key.commitment:
                committed = msgspec.to_builtins(self.prove(candidate, witnesses, None))
                return msgspec.structs.replace(bundle, receipt_key=OpenedKey(key.secret.hex(), committed))
        raise NotThere(f"the log has no commitment to the receipt key {key.name}")

    def _call_of(self, held: receipt.Receipt) -> int:
        for place in index.search(self._index, Wanted(correlation=held.correlation, kind="call.decided.v1"), 10):
            return place
        raise NotThere(f"no call in the log has the correlation id {held.correlation!r}: the promise was not kept")


def ask_for_wrapping(where: Places) -> Wrapping | None:
    """Return what opens the keys of persons, asked of the signer; None where it is not there, or refuses."""

    async def ask() -> Wrapping:
        custody = SignerClient(where.signer_socket("audit"))
        try:
            return await open_sealer(where.persons_key, custody, system_random)
        finally:
            await custody.close()

    try:
        wrapping = asyncio.run(ask())
    except Unavailable:
        return None
    hide_memory()
    return wrapping
