"""How the gateway knows clients' public keys: the roles that change clients publish them, workers read them.

The gateway has no database of records. What it needs of a client that signs messages, its public keys and its names,
stands in one LMDB file. The records are wrapped, so that whatever changes a client publishes it before it returns.
"""

import asyncio
import fcntl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, cast

import msgspec
import structlog

from ringfence.clients.encryption_keys import NO_KEYS, KeysAt, sealed_to
from ringfence.clients.key_overlap import keys_in_force
from ringfence.clock import Clock, Instant, Seconds
from ringfence.gateway.ports import KnownClient
from ringfence.problem import Refused
from ringfence.proofs.encryption_key import encryption_jwk, usable_encryption_keys
from ringfence.proofs.jwk import VerificationKey, parse_public_jwk, public_jwk
from ringfence.store.embedded.lmdb_client_keys import LmdbClientKeys
from ringfence.store.interface import Records, Unavailable
from ringfence.store.model import Client

_log = structlog.get_logger("ringfence.keys")

PUBLISH_EVERY: Final[Seconds] = 30.0
"""How often all clients are published anew: for changes by another machine, and for keys behind a `jwks_uri`."""

REMEMBERED: Final = 10_000
"""Clients whose parsed keys a worker remembers; parsing two EC keys takes 45 µs."""

AT_ONCE: Final = 100
"""Clients worked out before others get their turn: 5 ms."""

FetchKeys = Callable[[str], Awaitable[KeysAt]]
"""Returns the keys at a `jwks_uri`; none where they cannot be had."""


class _Row(msgspec.Struct, frozen=True):
    """What is published of a client."""

    client_id: str
    names: tuple[str, ...]
    keys: tuple[dict[str, Any], ...]
    sealing: tuple[dict[str, Any], ...] = ()
    """Keys that answers are sealed to, in the client's order."""


class PublishedKeys:
    """`gateway.ports.ClientKeys` over the published rows."""

    def __init__(self, rows: LmdbClientKeys) -> None:
        """Remember nothing yet."""
        self._rows = rows
        self._known: dict[str, tuple[bytes, KnownClient]] = {}

    def of(self, client_id: str) -> KnownClient | None:
        """Return what is known of an active client, or None.  Raises Unavailable."""
        raw = self._rows.get(client_id)
        if raw is None:
            self._known.pop(client_id, None)
            return None
        held = self._known.get(client_id)
        if held is not None and held[0] == raw:
            return held[1]
        try:
            row = msgspec.json.decode(raw, type=_Row)
        except msgspec.DecodeError as error:
            raise Unavailable(f"client keys: the row of {client_id}: {error}") from error
        if row.client_id != client_id:
            raise Unavailable(f"client keys: the row of {client_id} is another's")
        known = KnownClient(usable(row.keys), frozenset(row.names), usable_encryption_keys(row.sealing))
        if len(self._known) >= REMEMBERED:
            self._known.pop(next(iter(self._known)))
        self._known[client_id] = (raw, known)
        return known


def usable(jwks: tuple[dict[str, Any], ...] | list[dict[str, Any]]) -> dict[str, VerificationKey]:
    """Return those keys that may verify signatures, by `kid`."""
    keys: dict[str, VerificationKey] = {}
    for jwk in jwks:
        try:
            key = parse_public_jwk(jwk, need_kid=True)
        except Refused:
            continue  # for encryption, or of an algorithm that is not ours
        keys[key.kid] = key
    return keys


def row_of(client: Client, fetched: KeysAt, now: Instant) -> bytes | None:
    """Return what is published of a client; None: nothing, because it is not active.

    Args:
        client: the client.
        fetched: keys from its `jwks_uri`, where it has one.
        now: keys that it has replaced count until their time.
    """
    if client.status != "active":
        return None
    registered: Any = keys_in_force(client, now).get("keys", [])
    keys = {**usable(registered if isinstance(registered, list) else []), **fetched.signing}
    sealing = fetched.sealing if client.jwks_uri else sealed_to(client.jwks)
    names = tuple(name for name in (client.client_id, client.tls_subject) if name)
    return msgspec.json.encode(
        _Row(
            client.client_id,
            names,
            tuple(public_jwk(key) for key in keys.values()),
            tuple(encryption_jwk(key) for key in sealing),
        )
    )


class Publisher:
    """Keeps the published rows as the records are."""

    def __init__(self, rows: LmdbClientKeys, records: Records, fetch: FetchKeys, lock_file: Path, clock: Clock) -> None:
        """Publish from `records`, one publisher at a time on this machine: what is written is what was read last."""
        self._rows = rows
        self._records = records
        self._fetch = fetch
        self._lock_file = lock_file
        self._clock = clock
        self._lock = asyncio.Lock()
        self._made: dict[str, tuple[Client, bytes | None]] = {}
        """Rows of the last round: a client that has not changed is not worked out again."""

    async def publish(self, client_id: str) -> None:
        """Publish one client as the records have it now.  Raises Unavailable."""
        client = await self._records.client(client_id)
        fetched = await self._fetch(client.jwks_uri) if client is not None and client.jwks_uri else NO_KEYS
        async with self._alone():
            client = await self._records.client(client_id)
            await self._rows.put(client_id, None if client is None else row_of(client, fetched, self._clock()))

    async def publish_all(self) -> None:
        """Publish every client.  Raises Unavailable."""
        urls = {client.jwks_uri for client in await self._records.list_clients() if client.status == "active"} - {""}
        fetched = {url: await self._fetch(url) for url in urls}
        async with self._alone():
            made: dict[str, tuple[Client, bytes | None]] = {}
            for number, client in enumerate(await self._records.list_clients()):
                held = self._made.get(client.client_id)
                if held is None or held[0] != client or client.jwks_uri or client.retired_keys:
                    held = (client, row_of(client, fetched.get(client.jwks_uri, NO_KEYS), self._clock()))
                made[client.client_id] = held
                if number % AT_ONCE == 0:
                    await asyncio.sleep(0)
            self._made = made
            await self._rows.replace({client_id: row for client_id, (_, row) in made.items() if row is not None})

    async def publish_now_and_again(self) -> None:
        """Publish every client each PUBLISH_EVERY seconds; what cannot be read now is published later."""
        while True:
            try:
                await self.publish_all()
            except Unavailable as why:
                _log.warning("clients' keys not published", why=str(why))
            await asyncio.sleep(PUBLISH_EVERY)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Hold off the other role that publishes, so that nobody writes what was true a moment ago."""
        async with self._lock:
            try:
                with self._lock_file.open("a") as lock:
                    await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
                    yield
            except OSError as error:
                raise Unavailable(f"client keys: {error}") from error


CHANGING: Final = frozenset(
    {
        "add_client",
        "set_client_status",
        "remove_client",
        "register_client",
        "replace_registration",
        "end_registration",
        "change_client_keys",
    }
)
"""Verbs of the records that change a client; their first argument is the client or its id."""


class PublishingRecords:
    """The records, with what is published kept in step: `Records` by delegation."""

    def __init__(self, records: Records, publisher: Publisher) -> None:
        """Stand before `records`."""
        self._records = records
        self._publisher = publisher

    def __getattr__(self, name: str) -> Any:
        """Return a verb of the records; one that changes a client returns when the change is published."""
        verb = getattr(self._records, name)
        if name not in CHANGING:
            return verb

        async def changed(client: Client | str, *more: Any, **named: Any) -> Any:
            result = await verb(client, *more, **named)
            await self._publisher.publish(client.client_id if isinstance(client, Client) else client)
            return result

        return changed


def publishing(records: Records, publisher: Publisher) -> Records:
    """Return the records so that changes of clients are published before they return."""
    return cast("Records", PublishingRecords(records, publisher))


def lock_beside(file: Path) -> Path:
    """Return the file whose lock a publisher holds."""
    return file.with_name(f"{file.name}.publishing")


async def no_fetch(url: str) -> KeysAt:
    """Return no keys: only the authorization server fetches, and publishes again within PUBLISH_EVERY seconds."""
    _log.info("keys left for the authorization server to publish", url=url)
    return NO_KEYS
