"""The ends of sessions, what is to be posted to clients of them, and revoked keys, in SQL.

OpenID Connect Back-Channel Logout §2.
"""

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ringfence.clock import Instant
from ringfence.store.backchannel_model import Notice
from ringfence.store.database import Database
from ringfence.store.logout_model import RevokedKey, SessionClient
from ringfence.store.model import Session
from ringfence.store.rows import from_row, to_row
from ringfence.store.schema import clients, notices, revoked_keys, session_clients, sessions


class LogoutRecords:
    """The part of the SQL records that is about ends."""

    _database: Database

    async def note_session_client(self, sid: str, client_id: str, now: Instant) -> bool:
        """Keep that a client is given an ID token in a session; False where that was ended.  Raises Unavailable."""
        held = select(sessions.c.ended_at, sessions.c.expires_at).where(sessions.c.sid == sid).with_for_update()
        async with self._database.writing() as connection:
            # whoever ends the session waits until this is kept, and then finds it; or this finds it ended
            row_of = (await connection.execute(held)).first()
            if row_of is None:
                return True  # it is over, of which nobody is told
            if row_of.ended_at is not None:
                return False
            row = to_row(SessionClient(sid=sid, client_id=client_id, expires_at=max(row_of.expires_at, now)))
            dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
            await connection.execute(dialect.insert(session_clients).values(row).on_conflict_do_nothing())
            return True

    async def session_by_sid(self, sid: str, now: Instant) -> Session | None:
        """Return a session that is neither over nor ended, or None.  Raises Unavailable."""
        live = (sessions.c.expires_at > now) & sessions.c.ended_at.is_(None)
        statement = select(sessions).where(sessions.c.sid == sid, live)
        async with self._database.reading() as connection:
            row = (await connection.execute(statement)).mappings().first()
            return None if row is None else from_row(row, Session)

    async def all_sessions(self, now: Instant, limit: int) -> list[Session]:
        """Return everybody's sessions that are neither over nor ended, the newest first.  Raises Unavailable."""
        statement = (
            select(sessions)
            .where(sessions.c.expires_at > now, sessions.c.ended_at.is_(None))
            .order_by(sessions.c.authenticated_at.desc(), sessions.c.session_hash)
            .limit(limit)
        )
        async with self._database.reading() as connection:
            return [from_row(row, Session) for row in (await connection.execute(statement)).mappings()]

    async def end_session(self, session: Session, now: Instant, until: Instant) -> bool:
        """End a session and keep a notice for each client to tell; False where it had ended.  Raises Unavailable."""
        this = sessions.c.session_hash == session.session_hash
        told = (
            select(session_clients.c.client_id)
            .join(clients, clients.c.client_id == session_clients.c.client_id)
            .where(session_clients.c.sid == session.sid, clients.c.backchannel_logout_uri != "")
        )
        async with self._database.writing() as connection:
            ended = update(sessions).where(this, sessions.c.ended_at.is_(None)).values(ended_at=now)
            if not (await connection.execute(ended)).rowcount:
                return False
            if not session.sid:
                return True
            for (client_id,) in (await connection.execute(told)).all():
                notice = Notice(
                    notice_id=f"logout_{session.sid}_{client_id}",
                    kind="logout",
                    client_id=client_id,
                    subject=session.user_id,
                    sid=session.sid,
                    created_at=now,
                    due_at=now,
                    expires_at=until,
                )
                await connection.execute(notices.insert().values(to_row(notice)))
            await connection.execute(delete(session_clients).where(session_clients.c.sid == session.sid))
            return True

    async def ended_sessions(self, since: Instant) -> list[str]:
        """Return the names of sessions that were ended since then.  Raises Unavailable."""
        statement = select(sessions.c.sid).where(sessions.c.ended_at > since, sessions.c.sid != "")
        async with self._database.reading() as connection:
            return [sid for (sid,) in (await connection.execute(statement)).all()]

    async def claim_notices(self, now: Instant, again_at: Instant, limit: int) -> list[Notice]:
        """Return notices that are due, moved to `again_at`: exactly one caller gets each.  Raises Unavailable."""
        due = select(notices.c.notice_id).where(notices.c.due_at <= now).order_by(notices.c.due_at).limit(limit)
        claimed = (
            update(notices)
            .where(notices.c.notice_id.in_(due), notices.c.due_at <= now)
            .values(due_at=again_at, attempts=notices.c.attempts + 1)
            .returning(*notices.c)
        )
        async with self._database.writing() as connection:
            return [from_row(row, Notice) for row in (await connection.execute(claimed)).mappings()]

    async def put_off_notice(self, notice_id: str, due_at: Instant) -> None:
        """Try a notice again then.  Raises Unavailable."""
        async with self._database.writing() as connection:
            await connection.execute(update(notices).where(notices.c.notice_id == notice_id).values(due_at=due_at))

    async def remove_notice(self, notice_id: str) -> None:
        """Let go of a notice.  Raises Unavailable."""
        async with self._database.writing() as connection:
            await connection.execute(delete(notices).where(notices.c.notice_id == notice_id))

    async def revoke_key(self, key: RevokedKey) -> bool:
        """Keep that a signing key is believed no more; False if that is known.  Raises Unavailable."""
        async with self._database.writing() as connection:
            dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
            added = await connection.execute(dialect.insert(revoked_keys).values(to_row(key)).on_conflict_do_nothing())
            return bool(added.rowcount)

    async def revoked_keys(self) -> list[RevokedKey]:
        """Return every signing key that is believed no more.  Raises Unavailable."""
        async with self._database.reading() as connection:
            rows = await connection.execute(select(revoked_keys).order_by(revoked_keys.c.kid))
            return [from_row(row, RevokedKey) for row in rows.mappings()]
