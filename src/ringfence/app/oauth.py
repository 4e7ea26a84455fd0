"""The process of the authorization server."""

from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog

from ringfence.app.asgi import serve_asgi
from ringfence.app.events import event_outbox, event_stream
from ringfence.app.process import Background, Role, Signals, on_reload
from ringfence.clock import Instant, system_clock
from ringfence.edge.files import replace_file
from ringfence.ids import system_random
from ringfence.keys.providers.local import LocalSigner
from ringfence.oauth.http import create_app
from ringfence.oauth.passwords import Argon2Passwords
from ringfence.oauth.ports import Ports
from ringfence.policy.load import LoadedPolicy, load
from ringfence.store.blocks import grant_block
from ringfence.store.embedded.lmdb_state import LmdbState
from ringfence.store.interface import FastState, Records
from ringfence.store.records import open_records

_log = structlog.get_logger("ringfence.oauth")

PUBLIC_FILE_MODE: Final = 0o644


class Switch:
    """An ASGI application that can be replaced while requests run."""

    def __init__(self, app: Any) -> None:
        """Begin with `app`."""
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request to the application of the moment."""
        await self.app(scope, receive, send)


def records_url(loaded: LoadedPolicy) -> str:
    """Return where the records of an installation are, as SQLAlchemy writes it."""
    return f"sqlite+aiosqlite:///{loaded.places.records}"


async def block_revoked_again(records: Records, fast: FastState, longest_token: float, now: Instant) -> None:
    """Put back the blocks of grants revoked lately, should the fast state have been lost meanwhile."""
    since = now - longest_token
    grants = await records.list_grants()
    keys = [
        grant_block(grant.grant_id) for grant in grants if grant.revoked_at is not None and grant.revoked_at > since
    ]
    if keys:
        await fast.block(keys, Instant(now + longest_token), now)


def oauth_role(policy_file: Path) -> Role:
    """Return the role of the authorization server."""

    async def run(signals: Signals) -> None:
        loaded = load(policy_file)
        where = loaded.places
        async with AsyncExitStack() as stack:
            stream = await stack.enter_async_context(event_stream(loaded))
            outbox = await stack.enter_async_context(event_outbox(loaded, "oauth", stream))
            fast = stack.enter_context(closing(LmdbState(where.fast)))
            records = await open_records(records_url(loaded))
            stack.push_async_callback(records.close)
            signer = LocalSigner.load(where.signing_key)
            replace_file(where.jwks, msgspec.json.encode(signer.public_jwks()), PUBLIC_FILE_MODE)
            ports = Ports(
                records=records,
                fast=fast,
                signer=signer,
                events=outbox,
                passwords=Argon2Passwords(),
                clock=system_clock,
                random=system_random,
            )
            longest = loaded.policy.oauth.lifetimes.access_token_seconds
            await block_revoked_again(records, fast, longest, system_clock())
            switch = Switch(create_app(loaded.policy, ports))

            def reload() -> None:
                again = load(policy_file)
                switch.app = create_app(again.policy, ports)
                _log.info("policy", digest=again.digest[:16])

            background = Background()
            stack.push_async_callback(background.end)
            background.add(on_reload(signals, reload), "reload")
            await serve_asgi(switch, where.oauth_socket, signals.stop)

    return run
