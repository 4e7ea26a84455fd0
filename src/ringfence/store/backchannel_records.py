"""Backchannel requests in SQL: decided once, redeemed once, polled no faster than agreed.  OpenID CIBA Core §7.3, §11."""

from sqlalchemy import ColumnElement, select, update

from ringfence.clock import Instant
from ringfence.store.backchannel_model import BackchannelRequest, Notice
from ringfence.store.consent_records import decide_consent
from ringfence.store.database import Database
from ringfence.store.model import Consent, Grant, RefreshToken
from ringfence.store.rows import from_row, to_owned_row, to_row
from ringfence.store.schema import backchannel_requests, consents, grants, notices, refresh_tokens

MOST_PENDING = 50
"""Requests shown to one customer at a time; clients may not make so many (`oauth.backchannel`)."""


class _Late(Exception):
    """Somebody was quicker: what the transaction has done so far is undone."""


class BackchannelRecords:
    """The part of the SQL records that is about requests without a redirect."""

    _database: Database

    async def add_backchannel_request(self, request: BackchannelRequest, consent: Consent) -> None:
        """Keep a request with the consent that it asks for.  Raises Unavailable."""
        async with self._database.writing() as connection:
            await connection.execute(consents.insert().values(to_owned_row(consent)))
            await connection.execute(backchannel_requests.insert().values(to_owned_row(request)))

    async def backchannel_request(self, auth_req_hash: str) -> BackchannelRequest | None:
        """Return the request in whatever state, or None.  Raises Unavailable."""
        return await self._request(backchannel_requests.c.auth_req_hash == auth_req_hash)

    async def backchannel_request_of(self, consent_id: str) -> BackchannelRequest | None:
        """Return the request that asks for a consent, in whatever state, or None.  Raises Unavailable."""
        return await self._request(backchannel_requests.c.consent_id == consent_id)

    async def pending_backchannel_requests(self, user_id: str, now: Instant) -> list[BackchannelRequest]:
        """Return what waits for an answer, the newest first.  Raises Unavailable."""
        table = backchannel_requests
        statement = (
            select(table)
            .where(table.c.state == "pending", table.c.expires_at > now, table.c.user_id.is_not(None))
            .order_by(table.c.created_at.desc(), table.c.consent_id)
            .limit(MOST_PENDING)
        )
        if user_id:
            statement = statement.where(table.c.user_id == user_id)
        async with self._database.reading() as connection:
            return [from_row(row, BackchannelRequest) for row in (await connection.execute(statement)).mappings()]

    async def poll_backchannel_request(self, auth_req_hash: str, now: Instant, step: int, most: int) -> bool:
        """Note a poll; False where it came too early.  Raises Unavailable."""
        table = backchannel_requests
        this = table.c.auth_req_hash == auth_req_hash
        in_time = update(table).where(this, table.c.next_poll_at <= now).values(next_poll_at=now + table.c.interval)
        async with self._database.writing() as connection:
            if (await connection.execute(in_time)).rowcount:
                return True
            slower = update(table).where(this, table.c.interval + step <= most).values(interval=table.c.interval + step)
            await connection.execute(slower)
            await connection.execute(update(table).where(this).values(next_poll_at=now + table.c.interval))
            return False

    async def allow_backchannel_request(
        self, decided: BackchannelRequest, consent: Consent, grant: Grant, notice: Notice | None
    ) -> bool:
        """Keep what the customer allowed, with its grant, in one transaction; False unless it was open.

        Raises:
            Unavailable: nothing was kept.
        """
        return await self._decide(decided, consent, grant, notice)

    async def refuse_backchannel_request(
        self, decided: BackchannelRequest, consent: Consent, notice: Notice | None
    ) -> bool:
        """Keep that the customer refused; False unless it was open.  Raises Unavailable: nothing was kept."""
        return await self._decide(decided, consent, None, notice)

    async def redeem_backchannel_request(
        self, auth_req_hash: str, client_id: str, now: Instant, refresh: RefreshToken | None
    ) -> BackchannelRequest | None:
        """Consume an allowed request and keep `refresh`, in one transaction: exactly one caller gets it.

        Raises:
            Unavailable: nothing was consumed.
        """
        table = backchannel_requests
        consume = (
            update(table)
            .where(table.c.auth_req_hash == auth_req_hash, table.c.client_id == client_id)
            .where(table.c.state == "allowed", table.c.consumed_at.is_(None), table.c.expires_at > now)
            .values(consumed_at=now)
            .returning(*table.c)
        )
        async with self._database.writing() as connection:
            row = (await connection.execute(consume)).mappings().first()
            if row is None:
                return None
            # as where a code is redeemed: a revocation under way either is seen here, or finds the refresh token
            used = update(grants).where(grants.c.grant_id == row["grant_id"], grants.c.revoked_at.is_(None))
            if not (await connection.execute(used.values(used_at=now))).rowcount:
                return None
            if refresh is not None:
                await connection.execute(refresh_tokens.insert().values(to_row(refresh)))
            return from_row(row, BackchannelRequest)

    async def _decide(
        self, decided: BackchannelRequest, consent: Consent, grant: Grant | None, notice: Notice | None
    ) -> bool:
        table = backchannel_requests
        open_still = (
            update(table)
            .where(table.c.auth_req_hash == decided.auth_req_hash, table.c.user_id == decided.user_id)
            .where(table.c.state == "pending", table.c.expires_at > decided.decided_at)
        )
        try:
            async with self._database.writing() as connection:
                if grant is not None:
                    await connection.execute(grants.insert().values(to_owned_row(grant)))
                taken = await connection.execute(
                    open_still.values(
                        state=decided.state,
                        grant_id=decided.grant_id or None,
                        decided_at=decided.decided_at,
                        authenticated_at=decided.authenticated_at,
                        acr=decided.acr,
                    )
                )
                if not taken.rowcount or not await decide_consent(connection, consent):
                    raise _Late  # noqa: TRY301 - it undoes the transaction
                if notice is not None:
                    await connection.execute(notices.insert().values(to_row(notice)))
        except _Late:
            return False
        return True

    async def _request(self, where: ColumnElement[bool]) -> BackchannelRequest | None:
        async with self._database.reading() as connection:
            row = (await connection.execute(select(backchannel_requests).where(where))).mappings().first()
            return None if row is None else from_row(row, BackchannelRequest)
