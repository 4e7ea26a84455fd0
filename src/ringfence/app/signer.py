"""The process of the signer: the only one that holds private keys. It talks to nothing but its sockets and its device."""

import asyncio
import os
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import structlog

from ringfence.app.events import event_outbox, event_stream
from ringfence.app.key_import import take_over_files
from ringfence.app.key_providers import open_backends, settings_of
from ringfence.app.process import Background, Role, Signals, on_reload
from ringfence.app.untraceable import hide_memory
from ringfence.clock import Seconds, system_clock
from ringfence.custody.wire import Manage, Refusal, Reply, Request
from ringfence.edge.files import replace_file
from ringfence.events.custody import KeyUsed
from ringfence.ids import system_random
from ringfence.keys.backend import BackendFailed, BackendGone
from ringfence.keys.compromise import Compromise
from ringfence.keys.keeper import Keeper
from ringfence.keys.ledger import Ledger
from ringfence.keys.management import Management
from ringfence.keys.ports import KeyUnusable
from ringfence.keys.publication import jwks_of
from ringfence.keys.purposes import PAIRS, PURPOSES, ROLES, Use
from ringfence.keys.schedule import look_after
from ringfence.keys.server import Peer, listen
from ringfence.keys.tenants import base_of, client_of, tenant_of
from ringfence.policy.load import LoadedPolicy, load
from ringfence.policy.places import Places
from ringfence.store.interface import Unavailable

_log = structlog.get_logger("ringfence.signer")

TELL_EVERY: Final[Seconds] = 1.0
"""Uses are put on record in batches of a second."""

APPROVAL_MODE: Final = 0o666
"""Anybody may connect where the directory that the policy names lets them; who they are is known by the kernel, and only
operators are heard."""

OWNER_MODE: Final = 0o600
"""In our own directory, which nobody else can enter in any case."""

LOOK_EVERY: Final[Seconds] = 1.0
"""How often the schedule is looked at: an indexed query a purpose."""


def signer_role(policy_file: Path) -> Role:
    """Return the role of the signer."""

    async def run(signals: Signals) -> None:
        try:
            await hold(signals)
        except (KeyUnusable, Unavailable) as why:
            _log.error("the signer cannot run", why=str(why))
            raise SystemExit(1) from None

    async def hold(signals: Signals) -> None:
        hide_memory()
        loaded = load(policy_file)
        where = loaded.places
        where.keys.mkdir(parents=True, exist_ok=True, mode=0o700)
        async with AsyncExitStack() as stack:
            stream = await stack.enter_async_context(event_stream(loaded))
            outbox = await stack.enter_async_context(event_outbox(loaded, "signer", stream))
            ledger = Ledger(where.signer_ledger)
            backends = open_backends(loaded, ledger)
            keeper = Keeper(ledger, backends, settings_of(loaded.policy), system_clock, system_random, outbox.emit)
            stack.callback(keeper.close)
            stack.callback(partial(flush_uses, keeper, last=True))
            take_over_files(keeper, where)
            keeper.on_change = partial(publish_soon, keeper, where)
            publish(keeper, where)
            compromise = Compromise(keeper, frozenset(loaded.policy.signer.operators))
            management = Management(keeper, compromise)

            async def answer(role: str, peer: Peer, request: Request) -> Reply:
                if role == "admin" and isinstance(request, Manage):
                    return await management.answer(f"uid:{peer.uid}", request)
                return await keeper.answer(role, request)

            uids = frozenset({os.getuid()})
            for role in ROLES:
                server = await listen(where.signer_socket(role), partial(answer, role), uids)
                stack.push_async_callback(_closed, server, where.signer_socket(role))
            approvals = where.approval_socket(loaded.policy.signer.approval_socket)
            mode = APPROVAL_MODE if loaded.policy.signer.approval_socket else OWNER_MODE
            door = await listen(approvals, partial(_approve, compromise), None, mode)
            stack.push_async_callback(_closed, door, approvals)
            background = Background()
            stack.push_async_callback(background.end)
            background.add(first_key(keeper, "token"), "first token key")
            if seals_payloads(loaded):
                background.add(first_key(keeper, "payload"), "first payload key")
            background.add(tell_uses(keeper), "tell uses")
            background.add(look_after(keeper, lambda: publish(keeper, where), LOOK_EVERY), "look after keys")

            def reload() -> None:
                again = load(policy_file)
                keeper.settings = settings_of(again.policy)
                compromise.operators = frozenset(again.policy.signer.operators)
                if seals_payloads(again):
                    background.add(first_key(keeper, "payload"), "first payload key")

            background.add(on_reload(signals, reload), "reload")
            _log.info("keys", provider=loaded.policy.signer.provider, sealed=_is_sealed(loaded))
            await signals.stop.wait()

    return run


async def _approve(compromise: Compromise, peer: Peer, request: Request) -> Reply:
    if not isinstance(request, Manage):
        return Refusal("not-allowed", "here, wishes are looked at and approved")
    return await compromise.answer(peer.uid, request)


def publish(keeper: Keeper, where: Places) -> None:
    """Write the public keys of each purpose that has some into their files, where they have changed."""
    now = keeper.clock()
    for purpose, row in PURPOSES.items():
        if row.kind not in PAIRS:
            continue
        keys = keeper.ledger.keys(purpose)
        if not keys:
            continue
        keep = keeper.settings.keep_published if purpose == "token" else 0.0 if row.use is Use.OPEN else None
        content = msgspec.json.encode(jwks_of(keys, keep, now))
        path = where.published(purpose)
        if not path.exists() or path.read_bytes() != content:
            replace_file(path, content)
    for shredding in keeper.ledger.shreddings()[:1]:
        content = shredding.wish_id.encode()
        if not where.shredded.exists() or where.shredded.read_bytes() != content:
            replace_file(where.shredded, content)


def publish_soon(keeper: Keeper, where: Places) -> None:
    """Publish, or leave it to the next look at the keys: the change that it follows is done already."""
    try:
        publish(keeper, where)
    except OSError as why:
        _log.error("public keys not written yet", why=str(why))


def seals_payloads(loaded: LoadedPolicy) -> bool:
    """Whether partners need a public key to seal their requests to."""
    return any(operation.demands.payload is not None for operation in loaded.table.operations)


async def first_key(keeper: Keeper, purpose: str) -> None:
    """Make the first key of a purpose, so that there is something to publish; a device that is not there yet is waited for."""
    while not keeper.ledger.keys(purpose):
        try:
            await keeper.active(purpose)
        except (BackendGone, BackendFailed, Unavailable) as why:
            _log.error("there is no first key yet", purpose=purpose, why=str(why))
            await asyncio.sleep(LOOK_EVERY)


async def tell_uses(keeper: Keeper) -> None:
    """Put the uses of keys on record, now and again."""
    while True:
        await asyncio.sleep(TELL_EVERY)
        flush_uses(keeper)


def flush_uses(keeper: Keeper, *, last: bool = False) -> None:
    """Put the uses since the last time into the ledger and the event stream; the `last` time those that are gathered, too."""
    try:
        keeper.uses.flush()
        now = keeper.clock()
        for one in keeper.uses.untold(now, all_of_it=last):
            key = keeper.ledger.key(one.key_id)
            if key is not None:
                keeper.emit(
                    KeyUsed(
                        now,
                        key.key_id,
                        key.kid,
                        base_of(key.purpose),
                        one.role,
                        one.operation,
                        one.count,
                        one.first_at,
                        one.last_at,
                        client_of(tenant_of(key.purpose)),
                    )
                )
    except Unavailable as why:
        _log.error("uses of keys not put on record yet", why=str(why))


def _is_sealed(loaded: LoadedPolicy) -> bool:
    seal = loaded.policy.signer.seal
    return bool(seal.credential or seal.passphrase_file)


async def _closed(server: asyncio.Server, path: Path) -> None:
    server.close()
    path.unlink(missing_ok=True)  # noqa: ASYNC240 - one call, at the end
