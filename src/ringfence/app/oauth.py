"""The process of the authorization server."""

from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any, Final

import structlog

from ringfence.app.asgi import serve_asgi
from ringfence.app.client_keys import Publisher, lock_beside, publishing
from ringfence.app.events import event_outbox, event_stream
from ringfence.app.fetching import HttpsFetcher
from ringfence.app.intelligence.table_file import TableFile
from ringfence.app.jwks_file import JwksFile
from ringfence.app.key_file import ensure_key
from ringfence.app.nonce_key import ensure_nonce_key
from ringfence.app.notices import post_notices
from ringfence.app.process import Background, Role, Signals, on_reload
from ringfence.app.pushing import push_signals
from ringfence.app.receiving import ask_transmitters, finish_received
from ringfence.app.records import open_policy_records
from ringfence.app.set_signer import SetSigner
from ringfence.app.settling import SettledAnswers
from ringfence.app.signals import feed_signals
from ringfence.app.token_signer import TokenSigner
from ringfence.app.transmitter_files import TransmitterFiles
from ringfence.clock import Instant, Seconds, system_clock
from ringfence.custody.client import SignerClient
from ringfence.ids import system_random
from ringfence.keys.sealing import KEY_BYTES, Sealer
from ringfence.oauth.client_keys import ClientKeys
from ringfence.oauth.exchange import Server
from ringfence.oauth.http import create_app
from ringfence.oauth.passwords import Argon2Passwords
from ringfence.oauth.ports import Ports
from ringfence.oauth.profile import compile_profile
from ringfence.oauth.signals.effects import demand_again
from ringfence.policy.load import load
from ringfence.policy.payload import PURPOSE as PAYLOAD
from ringfence.proofs.nonces import KeyedNonces
from ringfence.proofs.pairwise_subjects import KEY_BYTES as SUBJECT_KEY_BYTES
from ringfence.proofs.pairwise_subjects import PairwiseSubjects
from ringfence.proofs.security_event import SET_ALGORITHMS
from ringfence.store.blocks import FOR_GOOD, client_block, grant_block, key_block, session_block, user_block
from ringfence.store.cursors import Cursors
from ringfence.store.embedded.lmdb_client_keys import LmdbClientKeys
from ringfence.store.embedded.lmdb_risk import LmdbRisk
from ringfence.store.embedded.lmdb_state import LmdbState
from ringfence.store.interface import FastState, Records

_log = structlog.get_logger("ringfence.oauth")

MARGIN_SECONDS: Final[Seconds] = 60.0
"""For clocks that differ: FAPI 2.0 SP §5.3.2.1-13 has no server take more."""

MOST_GRANTS: Final = 100_000
"""Newest grants looked at when blocks are put back: far more than a bank sees in the life of a token."""


class Switch:
    """An ASGI application that can be replaced while requests run."""

    def __init__(self, app: Any) -> None:
        """Begin with `app`."""
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request to the application of the moment."""
        await self.app(scope, receive, send)


async def block_again(records: Records, fast: FastState, longest_token: Seconds, now: Instant) -> None:
    """Put back the blocks that the records know of, should the fast state have been lost meanwhile.

    Those are grants revoked and sessions ended within the life of a token, clients that are not active, disabled
    users, and revoked signing keys.
    """
    since = now - longest_token - MARGIN_SECONDS
    grants = await records.list_grants(limit=MOST_GRANTS)
    keys = [grant_block(g.grant_id) for g in grants if g.revoked_at is not None and g.revoked_at > since]
    keys += [client_block(client.client_id) for client in await records.list_clients() if client.status != "active"]
    keys += [user_block(user.user_id) for user in await records.list_users() if user.status != "active"]
    keys += [session_block(sid) for sid in await records.ended_sessions(Instant(since))]
    if keys:
        await fast.block(keys, Instant(now + longest_token + MARGIN_SECONDS), now)
    if revoked := [key_block(key.kid) for key in await records.revoked_keys()]:
        # for good: whoever has the key can make tokens that are as young as they like
        await fast.block(revoked, FOR_GOOD, now)


def oauth_role(policy_file: Path) -> Role:
    """Return the role of the authorization server."""

    async def run(signals: Signals) -> None:
        loaded = load(policy_file)
        where = loaded.places
        async with AsyncExitStack() as stack:
            stream = await stack.enter_async_context(event_stream(loaded))
            outbox = await stack.enter_async_context(event_outbox(loaded, "oauth", stream))
            fast = stack.enter_context(closing(LmdbState(where.fast)))
            database = await open_policy_records(loaded)
            stack.push_async_callback(database.close)
            fetcher = HttpsFetcher()
            client_keys = ClientKeys(fetcher, system_clock)
            published = stack.enter_context(closing(LmdbClientKeys(where.client_keys)))
            publisher = Publisher(published, database, client_keys.all_at, lock_beside(where.client_keys), system_clock)
            records = publishing(database, publisher)
            custody = SignerClient(where.signer_socket("oauth"))
            stack.push_async_callback(custody.close)
            signer = await TokenSigner.begin(custody, where.jwks)
            ports = Ports(
                records=records,
                fast=fast,
                signer=signer,
                events=outbox,
                passwords=Argon2Passwords(),
                clock=system_clock,
                random=system_random,
                nonces=KeyedNonces(ensure_nonce_key(where.nonce_key, system_random)),
                client_keys=client_keys,
                sealer=Sealer(ensure_key(where.factor_key, KEY_BYTES, system_random), system_random),
                fetcher=fetcher,
                intelligence=TableFile(where.intelligence / "table"),
                subjects=PairwiseSubjects(ensure_key(where.pairwise_key, SUBJECT_KEY_BYTES, system_random)),
                transmitters=TransmitterFiles(),
                set_keys=ClientKeys(fetcher, system_clock, SET_ALGORITHMS),
                payload_jwks=JwksFile(where.published(PAYLOAD)).read,
                sets=SetSigner(custody, where.published("set")),
                risks=stack.enter_context(closing(LmdbRisk(where.risk))),
            )
            longest = loaded.policy.oauth.lifetimes.access_token_seconds
            await block_again(records, fast, longest, system_clock())
            await demand_again(ports, system_clock())
            switch, server = Switch(create_app(loaded.policy, ports)), Server(compile_profile(loaded.policy), ports)

            def reload() -> None:
                nonlocal server
                again = load(policy_file)
                switch.app, server = create_app(again.policy, ports), Server(compile_profile(again.policy), ports)
                _log.info("policy", digest=again.digest[:16])

            background = Background()
            stack.push_async_callback(background.end)
            background.add(on_reload(signals, reload), "reload")
            background.add(publisher.publish_now_and_again(), "publish clients' keys")
            background.add(post_notices(lambda: server, fetcher), "post notices")
            outward = HttpsFetcher()
            background.add(push_signals(lambda: server, outward), "push signals")
            background.add(ask_transmitters(lambda: server, outward), "ask transmitters")
            background.add(finish_received(lambda: server), "finish received signals")
            background.add(feed_signals(lambda: server, stream, Cursors(where.signals)), "feed signals")
            await serve_asgi(SettledAnswers(switch, outbox.settle_weighty), where.oauth_socket, signals.stop)

    return run
