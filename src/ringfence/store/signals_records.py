"""Streams of security events and what they hold, in SQL.  RFC 8936 §2."""

from collections.abc import Sequence

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ringfence.clock import Instant
from ringfence.store.database import Database
from ringfence.store.lookups import Lookup
from ringfence.store.push_model import SignalPush
from ringfence.store.rows import from_row, to_row
from ringfence.store.schema import grants, pending_signals, signal_pushes, signal_streams
from ringfence.store.signals_model import PendingSignal, SignalStream

_STREAM = Lookup(SignalStream, signal_streams.c.client_id)


class SignalRecords:
    """The part of the SQL records that is about security events."""

    _database: Database

    async def add_signal_stream(self, stream: SignalStream, push: SignalPush | None = None) -> bool:
        """Keep a stream; False if its client has one.  Raises Unavailable."""
        async with self._database.writing() as connection:
            dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
            row = to_row(stream)
            added = await connection.execute(dialect.insert(signal_streams).values(row).on_conflict_do_nothing())
            if added.rowcount and push is not None:
                await connection.execute(signal_pushes.insert().values(to_row(push)))
            return bool(added.rowcount)

    async def signal_stream(self, client_id: str) -> SignalStream | None:
        """Return the client's stream, or None.  Raises Unavailable."""
        return await self._database.find(_STREAM, client_id)

    async def has_signal_streams(self) -> bool:
        """Say whether there is any stream.  Raises Unavailable."""
        async with self._database.reading() as connection:
            return (await connection.execute(select(signal_streams.c.stream_id).limit(1))).first() is not None

    async def signal_streams_about(self, user_id: str, now: Instant) -> list[SignalStream]:
        """Return the streams of clients that hold a grant of this customer now.  Raises Unavailable."""
        holders = select(grants.c.client_id).where(
            grants.c.user_id == user_id, grants.c.revoked_at.is_(None), grants.c.expires_at > now
        )
        statement = select(signal_streams).where(signal_streams.c.client_id.in_(holders))
        async with self._database.reading() as connection:
            rows = await connection.execute(statement.order_by(signal_streams.c.stream_id))
            return [from_row(row, SignalStream) for row in rows.mappings()]

    async def describe_signal_stream(self, stream_id: str, events_requested: Sequence[str], description: str) -> bool:
        """Change what a stream is for; False if it is gone.  Raises Unavailable."""
        changed = update(signal_streams).where(signal_streams.c.stream_id == stream_id)
        async with self._database.writing() as connection:
            done = await connection.execute(
                changed.values(events_requested=list(events_requested), description=description)
            )
            return bool(done.rowcount)

    async def set_signal_status(self, stream_id: str, status: str, reason: str) -> bool:
        """Change a stream's status; one that is disabled holds nothing. False if it is gone.  Raises Unavailable."""
        changed = update(signal_streams).where(signal_streams.c.stream_id == stream_id)
        async with self._database.writing() as connection:
            done = await connection.execute(changed.values(status=status, reason=reason))
            if status == "disabled":
                await connection.execute(delete(pending_signals).where(pending_signals.c.stream_id == stream_id))
            return bool(done.rowcount)

    async def remove_signal_stream(self, stream_id: str) -> bool:
        """Remove a stream with what it holds; False if it is gone.  Raises Unavailable."""
        async with self._database.writing() as connection:
            gone = await connection.execute(delete(signal_streams).where(signal_streams.c.stream_id == stream_id))
            return bool(gone.rowcount)

    async def note_verification(self, stream_id: str, now: Instant, before: Instant) -> bool:
        """Keep that verification is asked for; False if it was at or after `before`.  Raises Unavailable."""
        last = signal_streams.c.verified_at
        noted = (
            update(signal_streams)
            .where(signal_streams.c.stream_id == stream_id, last.is_(None) | (last < before))
            .values(verified_at=now)
        )
        async with self._database.writing() as connection:
            return bool((await connection.execute(noted)).rowcount)

    async def keep_signal(self, signal: PendingSignal, most: int) -> int:
        """Keep an event until it is acknowledged; return how many older ones were given up.  Raises Unavailable."""
        this = signal_streams.c.stream_id == signal.stream_id
        held = pending_signals.c.stream_id == signal.stream_id
        async with self._database.writing() as connection:
            # held until the end, so that the stream neither goes nor is disabled in between
            status = select(signal_streams.c.status).where(this).with_for_update()
            if (await connection.execute(status)).scalar() in {None, "disabled"}:
                return 0
            dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
            row = to_row(signal)
            await connection.execute(dialect.insert(pending_signals).values(row).on_conflict_do_nothing())
            count = (await connection.execute(select(func.count()).where(held))).scalar() or 0
            if count <= most:
                return 0
            oldest = select(pending_signals.c.jti).where(held).order_by(pending_signals.c.created_at)
            oldest = oldest.order_by(pending_signals.c.jti).limit(count - most)
            await connection.execute(delete(pending_signals).where(held, pending_signals.c.jti.in_(oldest)))
            more = {"dropped": signal_streams.c.dropped + (count - most)}
            await connection.execute(update(signal_streams).where(this).values(more))
            return count - most

    async def pending_signals(self, stream_id: str, limit: int) -> list[PendingSignal]:
        """Return the stream's oldest events that are not acknowledged.  Raises Unavailable."""
        statement = select(pending_signals).where(pending_signals.c.stream_id == stream_id)
        statement = statement.order_by(pending_signals.c.created_at, pending_signals.c.jti).limit(limit)
        async with self._database.reading() as connection:
            return [from_row(row, PendingSignal) for row in (await connection.execute(statement)).mappings()]

    async def acknowledge_signals(self, stream_id: str, jtis: Sequence[str]) -> int:
        """Let go of events of this stream; return how many there were.  Raises Unavailable."""
        this = (pending_signals.c.stream_id == stream_id) & pending_signals.c.jti.in_(jtis)
        async with self._database.writing() as connection:
            return (await connection.execute(delete(pending_signals).where(this))).rowcount
