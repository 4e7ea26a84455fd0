"""Security events that others send us, in SQL: the first who brings a `jti` has it.  RFC 8417 §2.2; RFC 8935 §2."""

from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from ringfence.clock import Instant
from ringfence.store.database import Database
from ringfence.store.received_interface import Taken
from ringfence.store.received_model import ReceivedSignal, TransmitterState
from ringfence.store.rows import from_row, to_row
from ringfence.store.schema import received_signals, signal_transmitters


class ReceivedRecords:
    """The part of the SQL records that is about received events."""

    _database: Database

    async def take_signal(self, signal: ReceivedSignal, most: int, since: Instant) -> Taken:
        """Keep an event: `new` for exactly one of those who bring it.  Raises Unavailable."""
        table, name = received_signals.c, signal.transmitter
        async with self._database.writing() as connection:
            # The transmitter's row is held until the end: its events are counted and kept one after the other.
            await _touch(connection, name)
            known = select(table.received_id).where(table.received_id == signal.received_id)
            if (await connection.execute(known)).first() is not None:
                return "known"
            recent = select(func.count()).where(table.transmitter == name, table.acts > 0, table.received_at > since)
            if signal.acts and ((await connection.execute(recent)).scalar() or 0) >= most:
                return "too-many"
            await connection.execute(received_signals.insert().values(to_row(signal)))
            heard = {"received": signal_transmitters.c.received + 1, "heard_at": signal.received_at}
            await connection.execute(
                update(signal_transmitters).where(signal_transmitters.c.name == name).values(heard)
            )
            return "new"

    async def claim_received(self, now: Instant, again_at: Instant, limit: int) -> list[ReceivedSignal]:
        """Return events whose effects are due, moved to `again_at`.  Raises Unavailable."""
        table = received_signals.c
        due = select(table.received_id).where(table.due_at <= now).order_by(table.due_at).limit(limit)
        claimed = (
            update(received_signals)
            .where(table.received_id.in_(due), table.due_at <= now)
            .values(due_at=again_at)
            .returning(*table)
        )
        async with self._database.writing() as connection:
            return [from_row(row, ReceivedSignal) for row in (await connection.execute(claimed)).mappings()]

    async def settle_received(self, received_id: str) -> None:
        """Note that what an event calls for is done.  Raises Unavailable."""
        this = received_signals.c.received_id == received_id
        async with self._database.writing() as connection:
            await connection.execute(update(received_signals).where(this).values(due_at=None))

    async def received_from(self, correlation: str) -> str:
        """Return whose event a correlation is of, or `""`.  Raises Unavailable."""
        statement = select(received_signals.c.transmitter).where(received_signals.c.correlation == correlation)
        async with self._database.reading() as connection:
            return str((await connection.execute(statement)).scalar() or "")

    async def standing_step_ups(self, now: Instant) -> list[ReceivedSignal]:
        """Return the events whose demand for a step-up has not ended.  Raises Unavailable."""
        statement = select(received_signals).where(received_signals.c.step_up_until > now)
        async with self._database.reading() as connection:
            rows = await connection.execute(statement.order_by(received_signals.c.received_at))
            return [from_row(row, ReceivedSignal) for row in rows.mappings()]

    async def note_transmitter(self, name: str, **values: Any) -> None:
        """Keep something of a transmitter.  Raises Unavailable."""
        await self._note(name, values)

    async def note_failing(self, name: str, now: Instant) -> None:
        """Keep since when a transmitter does not answer.  Raises Unavailable."""
        await self._note(name, {"failing_since": func.coalesce(signal_transmitters.c.failing_since, now)})

    async def count_refusal(self, name: str, why: str, now: Instant) -> None:
        """Count an event that was refused.  Raises Unavailable."""
        more = {"refused": signal_transmitters.c.refused + 1, "error": why, "error_at": now}
        await self._note(name, more)

    async def transmitter_states(self) -> list[TransmitterState]:
        """Return what is known of all who have sent something.  Raises Unavailable."""
        async with self._database.reading() as connection:
            rows = await connection.execute(select(signal_transmitters).order_by(signal_transmitters.c.name))
            return [from_row(row, TransmitterState) for row in rows.mappings()]

    async def claim_poll(self, name: str, poller: str, now: Instant, until: Instant) -> bool:
        """Hold a transmitter for `poller`, or hold it further; False where it is another's.  Raises Unavailable."""
        table = signal_transmitters.c
        free = (table.poller == poller) | (table.poller_until <= now)
        claimed = update(signal_transmitters).where(table.name == name, free)
        async with self._database.writing() as connection:
            await _touch(connection, name)
            return bool((await connection.execute(claimed.values(poller=poller, poller_until=until))).rowcount)

    async def _note(self, name: str, values: dict[str, Any]) -> None:
        async with self._database.writing() as connection:
            await _touch(connection, name)
            await connection.execute(
                update(signal_transmitters).where(signal_transmitters.c.name == name).values(values)
            )


async def _touch(connection: AsyncConnection, name: str) -> None:
    """Have a row of that name, held until the transaction ends."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    row = to_row(TransmitterState(name=name))
    await connection.execute(dialect.insert(signal_transmitters).values(row).on_conflict_do_nothing())
    this = select(signal_transmitters.c.name).where(signal_transmitters.c.name == name)
    await connection.execute(this.with_for_update())
