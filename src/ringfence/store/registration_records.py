"""Clients that register and manage themselves: every use of a token or statement is a compare-and-set.  RFC 7591 §3; RFC 7592 §2."""

from typing import Any, Final

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from ringfence.clock import Instant
from ringfence.store.database import Database
from ringfence.store.interface import AlreadyThere
from ringfence.store.model import Client
from ringfence.store.registrations import NAME, STATEMENT, Invitation, Logo, Permission, Registration
from ringfence.store.rows import from_row, to_row
from ringfence.store.schema import clients, invitations, logos, registrations, used_statements

_NOT_THE_CLIENTS: Final = frozenset(
    {"client_id", "status", "access_token_seconds", "certificate_expires_at", "created_at"}
)
"""Columns that a client's own request never changes."""


class _NotActive(Exception):
    """The client is not active: what was begun is undone."""


class RegistrationRecords:
    """The part of `Records` that is about registrations."""

    _database: Database

    async def add_invitation(self, invitation: Invitation) -> None:
        """Keep an invitation.  Raises Unavailable."""
        async with self._database.writing() as connection:
            await connection.execute(invitations.insert().values(to_row(invitation)))

    async def invitation(self, token_hash: str, now: Instant) -> Invitation | None:
        """Return an invitation that has uses left and has not expired, or None.  Raises Unavailable."""
        statement = select(invitations).where(
            invitations.c.token_hash == token_hash, invitations.c.uses_left > 0, invitations.c.expires_at > now
        )
        async with self._database.reading() as connection:
            row = (await connection.execute(statement)).mappings().first()
            return None if row is None else from_row(row, Invitation)

    async def list_invitations(self) -> list[Invitation]:
        """Return all invitations, the newest first.  Raises Unavailable."""
        statement = select(invitations).order_by(invitations.c.created_at.desc(), invitations.c.token_hash)
        async with self._database.reading() as connection:
            return [from_row(row, Invitation) for row in (await connection.execute(statement)).mappings()]

    async def register_client(
        self, client: Client, registration: Registration, permission: Permission, logo: Logo | None, now: Instant
    ) -> bool:
        """Keep a client, using up its permission in the same transaction; False without a use left.

        Raises:
            AlreadyThere: `name` or `statement`.
            Unavailable: nothing was kept.
        """
        async with self._database.writing() as connection:
            if permission.invitation_hash and not await _use_invitation(connection, permission.invitation_hash, now):
                return False
            if permission.statement is not None:
                try:
                    await connection.execute(used_statements.insert().values(to_row(permission.statement)))
                except IntegrityError as error:
                    raise AlreadyThere(STATEMENT) from error
            try:
                await connection.execute(clients.insert().values(to_row(client)))
            except IntegrityError as error:
                raise AlreadyThere(NAME) from error
            await connection.execute(registrations.insert().values(to_row(registration)))
            if logo is not None:
                await connection.execute(logos.insert().values(to_row(logo)))
            return True

    async def registration(self, client_id: str) -> Registration | None:
        """Return how a client manages itself, or None.  Raises Unavailable."""
        statement = select(registrations).where(registrations.c.client_id == client_id)
        async with self._database.reading() as connection:
            row = (await connection.execute(statement)).mappings().first()
            return None if row is None else from_row(row, Registration)

    async def list_registrations(self) -> list[Registration]:
        """Return how clients manage themselves, of all that do.  Raises Unavailable."""
        async with self._database.reading() as connection:
            rows = await connection.execute(select(registrations).order_by(registrations.c.client_id))
            return [from_row(row, Registration) for row in rows.mappings()]

    async def replace_registration(
        self, client: Client, registration: Registration, token_hash: str, logo: Logo | None
    ) -> bool:
        """Replace what a client registered; False unless it is active and `token_hash` is its token.

        Raises:
            AlreadyThere: `name`.
            Unavailable: nothing was changed.
        """
        own = {name: value for name, value in to_row(client).items() if name not in _NOT_THE_CLIENTS}
        kept = {name: value for name, value in to_row(registration).items() if name not in ("client_id", "created_at")}
        try:
            async with self._database.writing() as connection:
                return await _replace(connection, client.client_id, own, kept, token_hash, logo)
        except _NotActive:
            return False

    async def end_registration(self, client_id: str, token_hash: str) -> bool:
        """Revoke a client by its own wish; False unless it is active and `token_hash` is its token.  Raises Unavailable."""
        holds = select(registrations.c.client_id).where(
            registrations.c.client_id == client_id, registrations.c.token_hash == token_hash
        )
        async with self._database.writing() as connection:
            # held until we commit, so that a replacement under way is either seen here or finds a revoked client
            await connection.execute(holds.with_for_update())
            ended = await connection.execute(
                update(clients)
                .where(clients.c.client_id.in_(holds), clients.c.status == "active")
                .values(status="revoked", name_key="")
            )
            return bool(ended.rowcount)

    async def forget_registration(self, client_id: str) -> None:
        """Let a client no longer manage itself.  Raises Unavailable."""
        async with self._database.writing() as connection:
            await connection.execute(delete(registrations).where(registrations.c.client_id == client_id))

    async def renew_registration(self, registration: Registration) -> None:
        """Give a client a new token in place of any that it has.  Raises Unavailable."""
        async with self._database.writing() as connection:
            known = await connection.execute(
                update(registrations)
                .where(registrations.c.client_id == registration.client_id)
                .values(token_hash=registration.token_hash, changed_at=registration.changed_at)
            )
            if not known.rowcount:
                await connection.execute(registrations.insert().values(to_row(registration)))

    async def change_client_keys(self, client: Client) -> bool:
        """Keep a client's keys, those retired included; False if there is no such client.  Raises Unavailable."""
        row = to_row(client)
        keys = {name: row[name] for name in ("jwks", "jwks_uri", "retired_keys")}
        async with self._database.writing() as connection:
            changed = await connection.execute(
                update(clients).where(clients.c.client_id == client.client_id).values(keys)
            )
            return bool(changed.rowcount)

    async def note_certificate(self, client_id: str, expires_at: Instant) -> None:
        """Keep when the certificate ends that a client authenticates with.  Raises Unavailable."""
        async with self._database.writing() as connection:
            await connection.execute(
                update(clients).where(clients.c.client_id == client_id).values(certificate_expires_at=expires_at)
            )

    async def logo(self, client_id: str) -> Logo | None:
        """Return a client's picture, or None.  Raises Unavailable."""
        async with self._database.reading() as connection:
            row = (await connection.execute(select(logos).where(logos.c.client_id == client_id))).mappings().first()
            return None if row is None else from_row(row, Logo)


async def _use_invitation(connection: AsyncConnection, token_hash: str, now: Instant) -> bool:
    used = await connection.execute(
        update(invitations)
        .where(invitations.c.token_hash == token_hash)
        .where(invitations.c.uses_left > 0, invitations.c.expires_at > now)
        .values(uses_left=invitations.c.uses_left - 1)
    )
    return bool(used.rowcount)


async def _replace(
    connection: AsyncConnection,
    client_id: str,
    own: dict[str, Any],
    kept: dict[str, Any],
    token_hash: str,
    logo: Logo | None,
) -> bool:
    """Return False where the token is another one.  Raises AlreadyThere, and _NotActive, after which all is undone."""
    taken = await connection.execute(
        update(registrations)
        .where(registrations.c.client_id == client_id, registrations.c.token_hash == token_hash)
        .values(kept)
    )
    if not taken.rowcount:
        return False
    change = update(clients).where(clients.c.client_id == client_id, clients.c.status == "active").values(own)
    try:
        changed = await connection.execute(change)
    except IntegrityError as error:
        raise AlreadyThere(NAME) from error
    if not changed.rowcount:
        raise _NotActive
    await connection.execute(delete(logos).where(logos.c.client_id == client_id))
    if logo is not None:
        await connection.execute(logos.insert().values(to_row(logo)))
    return True
