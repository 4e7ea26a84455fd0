"""Pushed streams of security events, in SQL: who is at one is a compare-and-set.  RFC 8935 §2, §4."""

from typing import Any

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ringfence.clock import Instant
from ringfence.store.database import Database
from ringfence.store.lookups import Lookup
from ringfence.store.push_model import SignalPush, StreamState
from ringfence.store.rows import from_row, to_row
from ringfence.store.schema import passed_over_subjects, pending_signals, signal_pushes, signal_streams, users

_PUSH = Lookup(SignalPush, signal_pushes.c.stream_id)


class PushRecords:
    """The part of the SQL records that is about pushing events."""

    _database: Database

    async def signal_push(self, stream_id: str) -> SignalPush | None:
        """Return how a stream is pushed; None: its client polls.  Raises Unavailable."""
        return await self._database.find(_PUSH, stream_id)

    async def set_signal_push(self, stream_id: str, push: SignalPush | None) -> None:
        """Push the stream from now on, or let its client poll.  Raises Unavailable."""
        this = signal_streams.c.stream_id == stream_id
        async with self._database.writing() as connection:
            # held until the end, so that the stream is there as long as its row here
            if (
                await connection.execute(select(signal_streams.c.status).where(this).with_for_update())
            ).scalar() is None:
                return
            mine = signal_pushes.c.stream_id == stream_id
            until = (await connection.execute(select(signal_pushes.c.pusher_until).where(mine))).scalar() or 0.0
            await connection.execute(delete(signal_pushes).where(mine))
            if push is not None:
                # whoever is at it may have one under way: the next one begins when its time is over
                await connection.execute(signal_pushes.insert().values(to_row(push) | {"pusher_until": until}))

    async def claim_pushes(self, pusher: str, now: Instant, until: Instant, limit: int) -> list[SignalPush]:
        """Return streams with events to push, held for `pusher`.  Raises Unavailable."""
        push = signal_pushes.c
        free = (push.due_at <= now) & (push.pusher_until <= now)
        ready = (
            select(push.stream_id)
            .join(signal_streams, signal_streams.c.stream_id == push.stream_id)
            .where(free, signal_streams.c.status == "enabled")
            .where(exists().where(pending_signals.c.stream_id == push.stream_id))
            .order_by(push.due_at, push.stream_id)
            .limit(limit)
        )
        claimed = (
            update(signal_pushes)
            .where(push.stream_id.in_(ready), free)
            .values(pusher=pusher, pusher_until=until)
            .returning(*push)
        )
        async with self._database.writing() as connection:
            return [from_row(row, SignalPush) for row in (await connection.execute(claimed)).mappings()]

    async def hold_push(self, stream_id: str, pusher: str, now: Instant, until: Instant) -> bool:
        """Hold a stream further; False where it is another's by now, or not to be pushed.  Raises Unavailable."""
        push = signal_pushes.c
        enabled = exists().where(signal_streams.c.stream_id == stream_id, signal_streams.c.status == "enabled")
        held = (
            update(signal_pushes)
            .where(push.stream_id == stream_id, push.pusher == pusher, push.pusher_until > now, enabled)
            .values(pusher_until=until)
        )
        return await self._changed(held)

    async def release_push(self, stream_id: str, pusher: str) -> None:
        """Let others have the stream.  Raises Unavailable."""
        await self._changed(_of(stream_id, pusher).values(pusher="", pusher_until=0.0))

    async def push_taken(self, stream_id: str, jti: str, now: Instant) -> None:
        """Let go of an event that the receiver has taken.  Raises Unavailable."""
        counted = {"accepted": signal_pushes.c.accepted + 1, "accepted_at": now, "attempts": 0, "refusals": 0}
        await self._settle(stream_id, jti, counted | {"error": "", "failing_since": None})

    async def push_refused(self, stream_id: str, jti: str, why: str) -> None:
        """Let go of an event that the receiver will not have.  Raises Unavailable."""
        await self._settle(
            stream_id, jti, {"refused": signal_pushes.c.refused + 1, "attempts": 0, "refusals": 0, "error": why}
        )

    async def put_off_push(self, push: SignalPush, why: str, refusals: int, now: Instant, due_at: Instant) -> None:
        """Note a failure, try again then, and let others have the stream.  Raises Unavailable."""
        since = func.coalesce(signal_pushes.c.failing_since, now)
        noted = {"attempts": signal_pushes.c.attempts + 1, "refusals": refusals, "error": why, "failing_since": since}
        let_go = {"due_at": due_at, "pusher": "", "pusher_until": 0.0}
        await self._changed(_of(push.stream_id, push.pusher).values(noted | let_go))

    async def pass_over(self, stream_id: str, user_id: str, *, over: bool) -> None:
        """Leave a customer out of a stream from now on, or have them in it again.  Raises Unavailable."""
        row, one = passed_over_subjects, {"stream_id": stream_id, "user_id": user_id}
        async with self._database.writing() as connection:
            await connection.execute(delete(row).where(row.c.stream_id == stream_id, row.c.user_id == user_id))
            # of both what it refers to has to be there still
            held = select(signal_streams.c.stream_id).where(signal_streams.c.stream_id == stream_id).with_for_update()
            known = select(users.c.user_id).where(users.c.user_id == user_id)
            there = (await connection.execute(held)).first() and (await connection.execute(known)).first()
            if over and there:
                dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
                await connection.execute(dialect.insert(row).values(one).on_conflict_do_nothing())

    async def is_passed_over(self, stream_id: str, user_id: str) -> bool:
        """Say whether a stream leaves a customer out.  Raises Unavailable."""
        row = passed_over_subjects.c
        statement = select(row.user_id).where(row.stream_id == stream_id, row.user_id == user_id)
        async with self._database.reading() as connection:
            return (await connection.execute(statement)).first() is not None

    async def signal_states(self) -> list[StreamState]:
        """Return every stream by its client, with what waits in it.  Raises Unavailable."""
        held, stream = pending_signals.c, signal_streams.c
        waiting = (
            select(held.stream_id, func.count().label("pending"), func.min(held.created_at).label("oldest_at"))
            .group_by(held.stream_id)
            .subquery()
        )
        columns = [stream[n] for n in StreamState.__struct_fields__ if n in stream]
        statement = (
            select(*columns, func.coalesce(waiting.c.pending, 0).label("pending"), waiting.c.oldest_at)
            .outerjoin(waiting, waiting.c.stream_id == stream.stream_id)
            .order_by(stream.client_id)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(select(signal_pushes))).mappings()
            pushes = {row["stream_id"]: from_row(row, SignalPush) for row in rows}
            streams = (await connection.execute(statement)).mappings().all()
        return [StreamState(**row, push=pushes.get(row["stream_id"])) for row in streams]

    async def _settle(self, stream_id: str, jti: str, values: dict[str, Any]) -> None:
        """Let go of one event, and count it where this is who did."""
        this = (pending_signals.c.stream_id == stream_id) & (pending_signals.c.jti == jti)
        async with self._database.writing() as connection:
            if (await connection.execute(delete(pending_signals).where(this))).rowcount:
                mine = update(signal_pushes).where(signal_pushes.c.stream_id == stream_id)
                await connection.execute(mine.values(values))

    async def _changed(self, statement: Any) -> bool:
        async with self._database.writing() as connection:
            return bool((await connection.execute(statement)).rowcount)


def _of(stream_id: str, pusher: str) -> Any:
    return update(signal_pushes).where(signal_pushes.c.stream_id == stream_id, signal_pushes.c.pusher == pusher)
