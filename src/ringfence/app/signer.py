"""The process of the signer: the only one that holds private keys. It talks to nothing but its sockets and its device."""

import asyncio
from contextlib import AsyncExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import structlog

from ringfence.app.doors import APPROVAL_MODE, OPERATORS, OWNER_MODE, Doors
from ringfence.app.events import event_outbox, event_stream
from ringfence.app.key_import import take_over_files
from ringfence.app.key_providers import open_backends, settings_of
from ringfence.app.process import Background, Role, Signals, on_reload
from ringfence.app.untraceable import hide_memory
from ringfence.clock import Seconds, system_clock
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
from ringfence.keys.refusals import Refusals
from ringfence.keys.schedule import look_after
from ringfence.keys.tenants import base_of, client_of, tenant_of
from ringfence.policy.load import LoadedPolicy, load
from ringfence.policy.places import Places
from ringfence.store.interface import Unavailable

_log = structlog.get_logger("ringfence.signer")

TELL_EVERY: Final[Seconds] = 1.0
"""Uses are put on record in batches of a second."""

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
            keeper.settle = outbox.settle_weighty
            stack.callback(keeper.close)
            stack.push_async_callback(_told, keeper)
            stack.callback(partial(flush_uses, keeper, last=True))
            take_over_files(keeper, where)
            keeper.on_change = partial(publish_soon, keeper, where)
            publish(keeper, where)
            compromise = Compromise(keeper, frozenset(loaded.policy.signer.operators))
            management = Management(keeper, compromise)
            refusals = Refusals(outbox.emit)
            stack.callback(lambda: refusals.flush(system_clock(), last=True))
            doors = Doors(keeper, management, compromise, refusals)
            for role in ROLES:
                await doors.open(stack, where.signer_socket(role), role)
            named = loaded.policy.signer.approval_socket
            await doors.open(stack, where.approval_socket(named), OPERATORS, APPROVAL_MODE if named else OWNER_MODE)
            background = Background()
            stack.push_async_callback(background.end)
            background.add(first_key(keeper, "token"), "first token key")
            if seals_payloads(loaded):
                background.add(first_key(keeper, "payload"), "first payload key")
            background.add(tell_uses(keeper, refusals), "tell uses")
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


async def _told(keeper: Keeper) -> None:
    with suppress(Unavailable):  # the ledger has it, and it is told by the next process
        await keeper.settled()


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


async def tell_uses(keeper: Keeper, refusals: Refusals) -> None:
    """Put the uses of keys and what was refused on record, now and again."""
    while True:
        await asyncio.sleep(TELL_EVERY)
        flush_uses(keeper)
        refusals.flush(keeper.clock())


def flush_uses(keeper: Keeper, *, last: bool = False) -> None:
    """Put the uses since the last time into the ledger and the event stream; the `last` time those that are gathered, too."""
    told = []
    try:
        keeper.uses.flush()
        now = keeper.clock()
        for one in keeper.uses.untold(now, all_of_it=last):
            key = keeper.ledger.key(one.key_id)
            assert key is not None  # keys are never removed from the ledger
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
            told.append(one)
    except Unavailable as why:
        _log.error("uses of keys not put on record yet", why=str(why))
    finally:
        if told:
            with suppress(Unavailable):  # they are told again
                keeper.uses.told(told)


def _is_sealed(loaded: LoadedPolicy) -> bool:
    seal = loaded.policy.signer.seal
    return bool(seal.credential or seal.passphrase_file)
