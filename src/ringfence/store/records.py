"""The durable records in SQL: what the `Records` protocol promises, for SQLite and PostgreSQL alike."""

import ssl
from typing import Any

import msgspec
from sqlalchemy import URL, ColumnElement, Table, delete, select, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError

from ringfence.clock import Instant
from ringfence.store.backchannel_records import BackchannelRecords
from ringfence.store.challenge_records import ChallengeRecords
from ringfence.store.consent_use_records import ConsentUseRecords
from ringfence.store.database import Database
from ringfence.store.factor_records import FactorRecords
from ringfence.store.grant_records import GrantRecords
from ringfence.store.interface import AlreadyThere, Unavailable
from ringfence.store.logout_records import LogoutRecords
from ringfence.store.lookups import Lookup
from ringfence.store.migrate import migrate
from ringfence.store.model import Client, Consent, PushedRequest, Session, User
from ringfence.store.passkey_records import PasskeyRecords
from ringfence.store.private_file import create_private
from ringfence.store.protection_records import ProtectionRecords
from ringfence.store.push_records import PushRecords
from ringfence.store.received_records import ReceivedRecords
from ringfence.store.registration_records import RegistrationRecords
from ringfence.store.rows import from_row, to_owned_row, to_row
from ringfence.store.schema import (
    backchannel_requests,
    clients,
    codes,
    consents,
    grants,
    invitations,
    login_challenges,
    notices,
    pushed_requests,
    received_signals,
    refresh_tokens,
    session_clients,
    sessions,
    used_statements,
    users,
)
from ringfence.store.signals_records import SignalRecords

KEPT_AFTER_END = 86_400.0
"""Spent and expired artefacts stay this long, in seconds, so that a late replay is still told from a guess."""

SWEPT_AT_ONCE = 1000
"""Rows removed in one transaction of a sweep, so that nobody waits long for it."""

MIGRATION_SECONDS = 120.0
"""How long bringing a large database to the present form may take, waiting for another role included."""

_CLIENT = Lookup(Client, clients.c.client_id)
_USER = Lookup(User, users.c.user_id)
_USER_BY_NAME = Lookup(User, users.c.username)
_PUSHED_REQUEST = Lookup(PushedRequest, pushed_requests.c.uri_hash)
_KEEP_PUSHED, _KEEP_CONSENT = pushed_requests.insert(), consents.insert()
_SESSION = Lookup(Session, sessions.c.session_hash)


async def open_records(url: str | URL, tls: ssl.SSLContext | None = None) -> "SqlRecords":
    """Open the records at `url` and bring them to the present form; roles may do this at the same time.

    Args:
        url: SQLAlchemy's form, `sqlite+aiosqlite:////absolute/path` or `postgresql+asyncpg://…`.
        tls: verifies a PostgreSQL server; None speaks to it without TLS.

    Raises:
        Unavailable: the database cannot be opened or written, or is from a newer version.
    """
    target = make_url(url)
    if target.get_backend_name() == "sqlite" and target.database:
        try:
            create_private(target.database)
        except OSError as error:
            raise Unavailable(f"records: {error}") from error
    migrating = Database(url, tls, MIGRATION_SECONDS)
    try:
        await migrate(migrating)
    finally:
        await migrating.close()
    return SqlRecords(Database(url, tls))


class SqlRecords(
    GrantRecords,
    FactorRecords,
    ConsentUseRecords,
    ChallengeRecords,
    RegistrationRecords,
    ProtectionRecords,
    BackchannelRecords,
    LogoutRecords,
    PasskeyRecords,
    SignalRecords,
    PushRecords,
    ReceivedRecords,
):
    """`Records` over SQLAlchemy Core: clients, users, pushed requests and sessions; grants are in the base."""

    # clients
    async def add_client(self, client: Client) -> None:
        """Add a client.  Raises AlreadyThere, Unavailable."""
        await self._add(clients, client, f"client {client.client_id}")

    async def client(self, client_id: str) -> Client | None:
        """Return the client, or None.  Raises Unavailable."""
        return await self._database.find(_CLIENT, client_id)

    async def list_clients(self) -> list[Client]:
        """Return all clients by name.  Raises Unavailable."""
        async with self._database.reading() as connection:
            rows = await connection.execute(select(clients).order_by(clients.c.name, clients.c.client_id))
            return [from_row(row, Client) for row in rows.mappings()]

    async def set_client_status(self, client_id: str, status: str) -> bool:
        """Set the status; False if there is no such client.  Raises Unavailable."""
        return await self._change(update(clients).where(clients.c.client_id == client_id).values(status=status))

    async def remove_client(self, client_id: str) -> bool:
        """Remove a client and everything issued to it; False if there is none.  Raises Unavailable."""
        return await self._change(delete(clients).where(clients.c.client_id == client_id))

    # users
    async def add_user(self, user: User) -> None:
        """Add a user.  Raises AlreadyThere (by user name), Unavailable."""
        await self._add(users, user, f"user {user.username}")

    async def user(self, user_id: str) -> User | None:
        """Return the user, or None.  Raises Unavailable."""
        return await self._database.find(_USER, user_id)

    async def user_by_name(self, username: str) -> User | None:
        """Return the user of that login name, or None.  Raises Unavailable."""
        return await self._database.find(_USER_BY_NAME, username)

    async def list_users(self) -> list[User]:
        """Return all users by login name.  Raises Unavailable."""
        async with self._database.reading() as connection:
            rows = await connection.execute(select(users).order_by(users.c.username))
            return [from_row(row, User) for row in rows.mappings()]

    async def set_user_status(self, user_id: str, status: str) -> bool:
        """Set the status; False if there is no such user.  Raises Unavailable."""
        return await self._change(update(users).where(users.c.user_id == user_id).values(status=status))

    async def remove_user(self, user_id: str) -> bool:
        """Remove a user with sessions and grants; False if there is none.  Raises Unavailable."""
        return await self._change(delete(users).where(users.c.user_id == user_id))

    # pushed requests
    async def add_pushed_request(self, pushed: PushedRequest, consent: Consent | None = None) -> None:
        """Keep a pushed request, with the consent that it asks for in the same transaction.  Raises Unavailable."""
        async with self._database.writing() as connection:
            await connection.execute(_KEEP_PUSHED, to_row(pushed))
            if consent is not None:
                await connection.execute(_KEEP_CONSENT, to_owned_row(consent))

    async def pushed_request(self, uri_hash: str) -> PushedRequest | None:
        """Return it in whatever state, or None.  Raises Unavailable."""
        return await self._database.find(_PUSHED_REQUEST, uri_hash)

    async def consume_pushed_request(self, uri_hash: str, client_id: str, now: Instant) -> PushedRequest | None:
        """Consume it: exactly one caller gets it, and only while it lives.  Raises Unavailable."""
        table = pushed_requests
        statement = (
            update(table)
            .where(table.c.uri_hash == uri_hash, table.c.client_id == client_id)
            .where(table.c.consumed_at.is_(None), table.c.expires_at > now)
            .values(consumed_at=now)
            .returning(*table.c)
        )
        async with self._database.writing() as connection:
            row = (await connection.execute(statement)).mappings().first()
            return None if row is None else from_row(row, PushedRequest)

    # sessions
    async def add_session(self, session: Session) -> None:
        """Keep a browser session.  Raises Unavailable."""
        await self._add(sessions, session)

    async def session(self, session_hash: str, now: Instant) -> Session | None:
        """Return an unexpired session, or None.  Raises Unavailable."""
        found = await self._database.find(_SESSION, session_hash)
        if found is None or found.expires_at <= now or found.ended_at is not None:
            return None
        return found

    async def list_sessions(self, user_id: str, now: Instant) -> list[Session]:
        """Return a user's unexpired sessions, the newest login first.  Raises Unavailable."""
        statement = (
            select(sessions)
            .where(sessions.c.user_id == user_id, sessions.c.expires_at > now, sessions.c.ended_at.is_(None))
            .order_by(sessions.c.authenticated_at.desc(), sessions.c.session_hash)
        )
        async with self._database.reading() as connection:
            return [from_row(row, Session) for row in (await connection.execute(statement)).mappings()]

    async def remove_session(self, session_hash: str) -> None:
        """End a session.  Raises Unavailable."""
        await self._change(delete(sessions).where(sessions.c.session_hash == session_hash))

    # housekeeping
    async def sweep(self, now: Instant) -> int:
        """Remove what ended more than `KEPT_AFTER_END` ago; return how many rows.  Raises Unavailable.

        Customers' consents and grants stay as the record of what was decided; a client's own grants go, and
        consents that no customer ever decided.
        """
        removed = 0
        for table, further in (
            (pushed_requests, None),
            (sessions, None),
            (login_challenges, None),
            (codes, None),
            (refresh_tokens, None),
            (backchannel_requests, None),
            (notices, None),
            (session_clients, None),
            (grants, grants.c.user_id.is_(None)),
            (consents, consents.c.user_id.is_(None)),
            (used_statements, None),
            (invitations, None),
            (received_signals, None),
        ):
            removed += await self._sweep_table(table, Instant(now - KEPT_AFTER_END), further)
        return removed

    async def _sweep_table(self, table: Table, before: Instant, further: ColumnElement[bool] | None) -> int:
        key = next(iter(table.primary_key.columns))
        ended = select(key).where(table.c.expires_at <= before).limit(SWEPT_AT_ONCE)
        if further is not None:
            ended = ended.where(further)
        removed = 0
        while True:
            async with self._database.writing() as connection:
                gone = (await connection.execute(delete(table).where(key.in_(ended)))).rowcount
            removed += gone
            if gone < SWEPT_AT_ONCE:
                return removed

    async def ping(self) -> None:
        """Return if the database answers.  Raises Unavailable."""
        async with self._database.reading() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Let go of connections."""
        await self._database.close()

    # the two statements that most methods are
    async def _add(self, table: Table, record: msgspec.Struct, unique: str = "") -> None:
        """Insert; `unique` says what else there can only be one of, in tables that refer to no other."""
        async with self._database.writing() as connection:
            try:
                await connection.execute(table.insert(), to_row(record))
            except IntegrityError as error:
                if unique:
                    raise AlreadyThere(unique) from error
                raise

    async def _change(self, statement: Any) -> bool:
        async with self._database.writing() as connection:
            result = await connection.execute(statement)
            return bool(result.rowcount)
