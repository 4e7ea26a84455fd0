"""The signer's own ledger: key records, wrapped data keys, uses, and the journal of rotations, in one SQLite file.

Each change is one transaction that is on the disk when it returns (`synchronous=FULL`): a process that is killed
anywhere finds the state before it or after it. Secrets stand here only as their provider sealed or wrapped them.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from ringfence.clock import Instant
from ringfence.events import Event, decode, encode
from ringfence.events.custody import DataShredded, KeyApproved, KeyChanged
from ringfence.keys.forms import FORMS
from ringfence.keys.records import DataKeyRecord, Journey, KeyRecord, Used, Wish
from ringfence.keys.states import State
from ringfence.keys.tenants import base_of, client_of, tenant_of
from ringfence.store.interface import Unavailable


def _insert(table: str, kind: type[msgspec.Struct]) -> str:
    names = kind.__struct_fields__
    return f"insert into {table} ({', '.join(names)}) values ({', '.join(f':{name}' for name in names)})"  # noqa: S608 - our own names


_INSERT: Final = {
    "keys": _insert("keys", KeyRecord),
    "data_keys": _insert("data_keys", DataKeyRecord),
    "journeys": _insert("journeys", Journey),
    "wishes": _insert("wishes", Wish),
}

_REPLACE_KEY: Final = (
    "update keys set handle = :handle, state = :state, activated_at = :activated_at, deactivated_at = :deactivated_at,"
    " ended_at = :ended_at, why = :why where key_id = :key_id and state = :was"
)
"""What of a key may change; its uses change by leases only."""

S = TypeVar("S", bound=msgspec.Struct)


class Ledger:
    """One process opens it: the signer."""

    def __init__(self, path: Path) -> None:
        """Open the file, which is made where it is absent, mode 0600.  Raises Unavailable."""
        try:
            self._path = path.absolute()
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._database.row_factory = sqlite3.Row
            for pragma in ("journal_mode=wal", "synchronous=full", "foreign_keys=on", "secure_delete=on"):
                self._database.execute(f"pragma {pragma}")
            with self.change():
                (form,) = self._database.execute("pragma user_version").fetchone()
                if not 0 <= form <= len(FORMS):
                    raise Unavailable(f"{path} has the form {form} of another version of Ringfence")
                for statement in ";".join(FORMS[form:]).split(";"):
                    self._database.execute(statement)
                self._database.execute(f"pragma user_version={len(FORMS)}")
            self._overwrite()  # what a process had removed that was killed before it got here
        except (OSError, sqlite3.Error) as error:
            raise Unavailable(f"the signer's ledger {path}: {error}") from error

    @contextmanager
    def change(self) -> Iterator[None]:
        """Make what is written in the block one transaction.  Raises Unavailable, and nothing is written then.

        A block within a block belongs to the outer one's transaction.
        """
        if self._database.in_transaction:
            yield
            return
        try:
            self._database.execute("begin immediate")
            try:
                yield
            except BaseException:
                self._database.execute("rollback")
                raise
            self._database.execute("commit")
        except sqlite3.Error as error:
            raise Unavailable(f"the signer's ledger: {error}") from error

    def keys(self, purpose: str = "") -> list[KeyRecord]:
        """Return the keys, or those of a purpose, newest first."""
        return self._all(
            KeyRecord,
            "select * from keys where ?1 in ('', purpose) order by created_at desc, rowid desc",
            (purpose,),
        )

    def purposes(self) -> list[str]:
        """Return the purposes that have keys, in the order of the alphabet."""
        return [str(row[0]) for row in self._database.execute("select distinct purpose from keys order by purpose")]

    def key(self, named: str) -> KeyRecord | None:
        """Return the key of an id or `kid`."""
        found = self._all(KeyRecord, "select * from keys where key_id = ? or kid = ?", (named, named))
        return found[0] if found else None

    def add_key(self, key: KeyRecord, by: str) -> None:
        """Write a new key down, and that it is to be told; within a `change`."""
        self._insert("keys", key)
        self.put_on_record(_changed(key, by, key.created_at))

    def replace_key(self, key: KeyRecord, was: State, by: str, now: Instant) -> bool:
        """Write a key's record anew if it was in that state (compare and set), and say whether it was.

        That it is to be told is written with it; within a `change`.
        """
        done = self._database.execute(_REPLACE_KEY, _row(key) | {"was": was.value}).rowcount == 1
        if done:
            self.put_on_record(_changed(key, by, now))
        return done

    def put_on_record(self, event: Event) -> None:
        """Write down that an event is to be told; in the transaction of what it tells of, so that neither is alone."""
        self._database.execute("insert into untold (event) values (?)", (encode(event),))

    def untold(self, after: int) -> list[tuple[int, Event]]:
        """Return the events to be told after the one of that number, each with its own."""
        found = self._database.execute("select number, event from untold where number > ? order by number", (after,))
        return [(int(number), decode(event)) for number, event in found]

    def forget_told(self, upto: int) -> None:
        """Write down that the events up to this one are on the disk elsewhere."""
        with self.change():
            self._database.execute("delete from untold where number <= ?", (upto,))

    def end_key(self, key: KeyRecord, was: State, by: str, now: Instant) -> KeyRecord:
        """Write down that a key is destroyed: its sealed form goes too, overwritten on the disk. Returns the record."""
        gone = msgspec.structs.replace(key, handle=b"")
        with self.change():
            self.replace_key(gone, was, by, now)
        self._overwrite()
        return gone

    def lease(self, key_id: str, count: int) -> int:
        """Take `count` uses of a key, and return how many are taken now; on the disk before any of them is made."""
        with self.change():
            rows = self._database.execute(
                "update keys set uses = uses + ? where key_id = ? returning uses", (count, key_id)
            ).fetchall()
        return int(rows[0][0])

    def add_uses(self, used: Iterable[Used]) -> None:
        """Add counts of uses to those that stand there."""
        with self.change():
            self._database.executemany(
                "insert into uses values (?1, ?2, ?3, ?4, ?5, ?6, 0, ?5) on conflict (key_id, role, operation) do update"
                " set since = case when told = count then excluded.since else since end,"
                " count = count + excluded.count, last_at = excluded.last_at",
                [msgspec.structs.astuple(one) for one in used],
            )

    def uses(self, key_id: str) -> list[Used]:
        """Return who used a key."""
        return self._all(
            Used,
            "select key_id, role, operation, count, first_at, last_at from uses where key_id = ?"
            " order by role, operation",
            (key_id,),
        )

    def untold_uses(self) -> list[Used]:
        """Return what of the uses nobody has been told yet."""
        return self._all(
            Used,
            "select key_id, role, operation, count - told as count, since as first_at, last_at from uses"
            " where count > told order by key_id, role, operation",
            (),
        )

    def uses_told(self, told: Iterable[Used]) -> None:
        """Write down that somebody was told of these."""
        with self.change():
            self._database.executemany(
                "update uses set told = told + ? where key_id = ? and role = ? and operation = ?",
                [(one.count, one.key_id, one.role, one.operation) for one in told],
            )

    def add_data_keys(self, data_keys: Sequence[DataKeyRecord]) -> None:
        """Write new data keys down, all or none."""
        with self.change():
            for one in data_keys:
                self._insert("data_keys", one)

    def data_key(self, data_key: str) -> DataKeyRecord | None:
        """Return a data key."""
        found = self._all(DataKeyRecord, "select * from data_keys where data_key = ?", (data_key,))
        return found[0] if found else None

    def forget_data_key(self, data_key: str) -> bool:
        """Remove a data key, overwritten on the disk, and say whether it was there."""
        with self.change():
            gone = self._database.execute("delete from data_keys where data_key = ?", (data_key,)).rowcount == 1
        self._overwrite()
        return gone

    def data_keys_under(self, key_id: str, after: str, limit: int, tenant: str = "") -> list[DataKeyRecord]:
        """Return the next data keys that a KEK wraps, or those of one tenant, in the order of their ids."""
        return self._all(
            DataKeyRecord,
            "select * from data_keys where key_id = ?1 and data_key > ?2 and ?4 in ('', tenant)"
            " order by data_key limit ?3",
            (key_id, after, limit, tenant),
        )

    def rewrap(self, old: str, new: str, wrapped: Sequence[tuple[str, bytes]], journey_id: str) -> int:
        """Put new wrappings in the place of old ones, where the old KEK still wraps them, and count them; one transaction."""
        with self.change():
            done = 0
            for data_key, text in wrapped:
                done += self._database.execute(
                    "update data_keys set key_id = ?, wrapped = ? where data_key = ? and key_id = ?",
                    (new, text, data_key, old),
                ).rowcount
            self._database.execute("update keys set uses = uses + ? where key_id = ?", (done, new))
            self._database.execute(
                "update journeys set rewrapped = rewrapped + ? where journey_id = ?", (done, journey_id)
            )
        return done

    def count_under(self, key_id: str) -> list[dict[str, Any]]:
        """Return how many data keys a KEK wraps, by tenant and field, with the first and last one's time.

        Takes some 4 µs a data key, over a connection of its own: to be called in a thread.
        """
        try:
            with closing(sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True)) as reading:
                reading.row_factory = sqlite3.Row
                rows = reading.execute(
                    "select tenant, field, count(*) as data_keys, count(distinct nullif(subject, '')) as subjects,"
                    " min(created_at) as first_at, max(created_at) as last_at"
                    " from data_keys where key_id = ? group by tenant, field order by tenant, field",
                    (key_id,),
                )
                return [dict(row) for row in rows]
        except sqlite3.Error as error:
            raise Unavailable(f"the signer's ledger: {error}") from error

    def count_of(self, tenant: str) -> list[dict[str, Any]]:
        """Return how many data keys a tenant has, by field."""
        rows = self._database.execute(
            "select field, count(*) as data_keys from data_keys where tenant = ? group by field order by field",
            (tenant,),
        )
        return [dict(row) for row in rows]

    def shred(self, wish: Wish, ended: Sequence[tuple[KeyRecord, State]], by: str, now: Instant) -> int | None:
        """Remove the data keys of a wish's tenant, overwritten on the disk, and fulfil the wish; one transaction.

        Args:
            wish: names the tenant. Of each data key its name stays, so that who asks is told what became of it.
            ended: keys that change with it, each with the state that it had.
            by: who approved.
            now: the present.

        Returns:
            How many there were, or None where the wish was fulfilled before (compare and set).
        """
        with self.change():
            fulfilled = self._database.execute(
                "update wishes set done_at = ? where wish_id = ? and done_at is null", (now, wish.wish_id)
            )
            if fulfilled.rowcount != 1:
                return None
            self._database.execute(
                "insert into shredded select data_key, ? from data_keys where tenant = ?", (wish.wish_id, wish.tenant)
            )
            gone = self._database.execute("delete from data_keys where tenant = ?", (wish.tenant,)).rowcount
            self._database.execute("update wishes set shredded = ? where wish_id = ?", (gone, wish.wish_id))
            for key, was in ended:
                self.replace_key(key, was, by, now)
            user = wish.tenant.removeprefix("user:") if wish.tenant.startswith("user:") else ""
            told = DataShredded(now, wish.wish_id, gone, by, wish.why, client_of(wish.tenant), user)
            self.put_on_record(told)
        self._overwrite()
        return gone

    def is_shredded(self, data_key: str) -> bool:
        """Say whether a data key was shredded."""
        return bool(self._database.execute("select 1 from shredded where data_key = ?", (data_key,)).fetchone())

    def shreddings(self) -> list[Wish]:
        """Return the wishes for shredding that were fulfilled, newest first."""
        return self._all(
            Wish,
            "select * from wishes where tenant != '' and done_at is not null order by done_at desc, rowid desc",
            (),
        )

    def left_under(self, key_id: str) -> int:
        """Return how many data keys a KEK wraps: out of the index, in milliseconds for a hundred thousand."""
        (count,) = self._database.execute("select count(*) from data_keys where key_id = ?", (key_id,)).fetchone()
        return int(count)

    def begin_journey(self, journey: Journey) -> None:
        """Write down that a rotation begins; there is one at a time for a purpose.  Raises Unavailable."""
        with self.change():
            self._insert("journeys", journey)

    def begin_import(self, journey: Journey, key: KeyRecord, by: str) -> None:
        """Write down a rotation together with the key that it is to, which is there already; one transaction."""
        with self.change():
            self._insert("journeys", journey)
            self.add_key(key, by)

    def journeys(self, *, unfinished: bool = False) -> list[Journey]:
        """Return the rotations, oldest first."""
        return self._all(
            Journey,
            "select * from journeys where finished_at is null or not ? order by started_at, rowid",
            (unfinished,),
        )

    def journey(self, journey_id: str) -> Journey | None:
        """Return one rotation."""
        found = self._all(Journey, "select * from journeys where journey_id = ?", (journey_id,))
        return found[0] if found else None

    def take_over(self, journey_id: str, successor: str, now: Instant) -> None:
        """End a rotation half-way: what is left of it, and of those that it took over, is its successor's to do."""
        with self.change():
            self._database.execute(
                "update journeys set finished_at = coalesce(finished_at, ?1), taken_over_by = ?2"
                " where journey_id = ?3 or taken_over_by = ?3",
                (now, successor, journey_id),
            )

    def legs(self, journey: Journey) -> list[Journey]:
        """Return a rotation and those that it took over, whose old keys may wrap something still."""
        taken = self._all(
            Journey,
            "select * from journeys where taken_over_by = ? order by started_at, rowid",
            (journey.journey_id,),
        )
        return [journey, *taken]

    def is_being_saved(self, key_id: str) -> bool:
        """Say whether a rotation is under way that wraps anew what this key wrapped."""
        found = self._database.execute(
            "select 1 from journeys as leg where old = ? and (finished_at is null or exists"
            " (select 1 from journeys where journey_id = leg.taken_over_by and finished_at is null))",
            (key_id,),
        )
        return found.fetchone() is not None

    def compromised_since(self, purpose: str, moment: Instant) -> bool:
        """Say whether a key of a purpose, or of the one that all tenants have, was declared compromised after that."""
        found = self._database.execute(
            "select 1 from wishes join keys using (key_id) where keys.purpose in (?, ?) and wishes.tenant = ''"
            " and wishes.kind = '' and ? < case keys.state when 'compromised' then keys.ended_at"
            " when 'destroyed' then wishes.done_at end",
            (purpose, base_of(purpose), moment),
        )
        return found.fetchone() is not None

    def end_journey(self, journey_id: str, now: Instant) -> None:
        """Write down that a rotation is finished."""
        with self.change():
            self._database.execute("update journeys set finished_at = ? where journey_id = ?", (now, journey_id))

    def hasten_journey(self, journey: Journey) -> None:
        """Write down that a rotation that waits for its day goes on now, and what becomes of the old key."""
        with self.change():
            self._database.execute(
                "update journeys set activate_at = ?, end_as = ?, why = ? where journey_id = ?",
                (journey.activate_at, journey.end_as.value, journey.why, journey.journey_id),
            )

    def add_wish(self, wish: Wish) -> None:
        """Write down that somebody wants a key declared compromised."""
        with self.change():
            self._insert("wishes", wish)

    def wish(self, wish_id: str) -> Wish | None:
        """Return a wish."""
        found = self._all(Wish, "select * from wishes where wish_id = ?", (wish_id,))
        return found[0] if found else None

    def wishes(self) -> list[Wish]:
        """Return all wishes, newest first."""
        return self._all(Wish, "select * from wishes order by asked_at desc, rowid desc", ())

    def approve(self, wish: Wish, uid: int, now: Instant) -> tuple[int, ...]:
        """Add a person's approval, once however often it is given, and return who has approved."""
        with self.change():
            new = self._database.execute("insert or ignore into approvals values (?, ?, ?)", (wish.wish_id, uid, now))
            who = self.approved_by(wish.wish_id)
            if new.rowcount == 1:
                self.put_on_record(KeyApproved(now, wish.wish_id, wish.key_id, f"uid:{uid}", len(who)))
        return who

    def approved_by(self, wish_id: str) -> tuple[int, ...]:
        """Return who has approved a wish, in that order."""
        rows = self._database.execute("select uid from approvals where wish_id = ? order by at, rowid", (wish_id,))
        return tuple(int(row[0]) for row in rows)

    def fulfil_wish(self, wish_id: str, journey_id: str, now: Instant) -> bool:
        """Write down that a wish is fulfilled by a journey, and say whether it was not before (compare and set)."""
        with self.change():
            done = self._database.execute(
                "update wishes set done_at = ?, journey_id = ? where wish_id = ? and done_at is null",
                (now, journey_id, wish_id),
            )
        return done.rowcount == 1

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _overwrite(self) -> None:
        """Have what was removed overwritten on the disk: it stands in the log until that is empty."""
        self._database.execute("pragma wal_checkpoint(truncate)")

    def _insert(self, table: str, one: msgspec.Struct) -> None:
        self._database.execute(_INSERT[table], _row(one))

    def _all(self, kind: type[S], statement: str, values: tuple[Any, ...]) -> list[S]:
        try:
            return [msgspec.convert(dict(row), kind) for row in self._database.execute(statement, values)]
        except sqlite3.Error as error:
            raise Unavailable(f"the signer's ledger: {error}") from error


def _changed(key: KeyRecord, by: str, at: Instant) -> KeyChanged:
    purpose, client = base_of(key.purpose), client_of(tenant_of(key.purpose))
    return KeyChanged(at, key.key_id, key.kid, purpose, key.state.value, by, key.why, client)


def _row(one: msgspec.Struct) -> dict[str, Any]:
    row = msgspec.structs.asdict(one)
    return {name: value.value if hasattr(value, "value") else value for name, value in row.items()}
