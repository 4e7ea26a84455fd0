"""The process of the audit log: it follows the event stream, and is the only one that appends."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog

from ringfence.app.checkpoint_signer import noted_keys, open_checkpoints
from ringfence.app.events import event_outbox, event_stream
from ringfence.app.persons_key import make_or_open
from ringfence.app.process import Background, Role, Signals, on_reload
from ringfence.app.receipt_keys import provide
from ringfence.app.redacting import keep_redacting
from ringfence.app.untraceable import hide_memory
from ringfence.app.witness_call import HttpWitnesses
from ringfence.audit.cosigners import WitnessPlace
from ringfence.audit.follow import Follower, Rhythm
from ringfence.audit.log import PERSONS, AuditLog
from ringfence.audit.note import NoteKey
from ringfence.audit.persons import Persons
from ringfence.audit.ports import CannotSign, CheckpointSigner
from ringfence.clock import Seconds, system_clock
from ringfence.custody.client import SignerClient
from ringfence.edge.files import replace_file
from ringfence.events.audit import ReceiptKeyMade
from ringfence.ids import system_random
from ringfence.keys.sealing import Sealer
from ringfence.policy.audit_model import Audit, origin_of
from ringfence.policy.load import LoadedPolicy, load
from ringfence.store.embedded.sqlite_events import SqliteEvents
from ringfence.store.interface import Unavailable
from ringfence.store.outbox import Outbox

_log = structlog.get_logger("ringfence.audit")

T = TypeVar("T")

LOG_KEYS: Final = "log.keys"
"""File with the public keys, beside the checkpoint: auditors trust what they noted, and the log goes on with its first."""

RECEIPT_KEYS_EVERY: Final[Seconds] = 300.0
RETRY_AFTER: Final[Seconds] = 1.0
SIGNER_AGAIN_AFTER: Final[Seconds] = 0.1
"""How often a signer that is not there yet is asked: at a start it takes a second."""
LAST_SECONDS: Final[Seconds] = 5.0
"""At the end, how long the last events may take to get into the log; the rest waits for the next start."""


def audit_role(policy_file: Path) -> Role:
    """Return the role of the audit log."""

    async def run(signals: Signals) -> None:
        hide_memory()  # the keys of persons are in it
        loaded = load(policy_file)
        where = loaded.places
        policy = [loaded.policy.audit]
        async with AsyncExitStack() as stack:
            stream = await stack.enter_async_context(event_stream(loaded))
            outbox = await stack.enter_async_context(event_outbox(loaded, "audit", stream))
            where.audit.mkdir(mode=0o700, parents=True, exist_ok=True)
            custody = SignerClient(where.signer_socket("audit"))
            stack.push_async_callback(custody.close)
            opened = await _unless_stopped(signals, _open_keys(loaded, custody))
            if opened is None:
                return
            sealer, signer = opened
            persons = stack.enter_context(closing(Persons(where.audit / PERSONS, sealer, system_random)))
            audit_log = stack.enter_context(closing(AuditLog(where.audit, persons, system_random)))
            call = HttpWitnesses()
            stack.push_async_callback(call.close)
            replace_file(where.audit / LOG_KEYS, "".join(f"{key}\n" for key in signer.keys).encode())
            follower = Follower(
                stream,
                audit_log,
                origin_of(loaded.policy.audit, loaded.policy.issuer),
                signer,
                lambda: places_of(policy[0]),
                call,
                outbox,
                system_clock,
                Rhythm(loaded.policy.audit.checkpoint_seconds, loaded.policy.audit.checkpoint_entries),
            )

            def reload() -> None:
                policy[0] = load(policy_file).policy.audit

            background = Background()
            stack.push_async_callback(background.end)
            background.add(on_reload(signals, reload), "reload")
            if loaded.policy.audit.receipts == "on":
                background.add(_receipt_keys(where.receipt_keys, outbox, stream, follower), "receipt keys")
            background.add(keep_redacting(stream, lambda: audit_log.head.position), "redact events")
            following = asyncio.create_task(follower.run(), name="follow the events")
            await signals.stop.wait()
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            await _last(outbox, follower)

    return run


async def _open_keys(loaded: LoadedPolicy, custody: SignerClient) -> tuple[Sealer, CheckpointSigner]:
    """Return what the log seals and signs with; while the signer is not there, events wait in the stream."""
    where, name = loaded.places, origin_of(loaded.policy.audit, loaded.policy.issuer)
    told = ""
    while True:
        try:
            noted = noted_keys(where.audit / LOG_KEYS)
            signer = await open_checkpoints(custody, name, noted, post_quantum=loaded.policy.audit.post_quantum)
            return await make_or_open(where.persons_key, custody, system_random), signer
        except (Unavailable, CannotSign) as why:
            if str(why) != told:
                told = str(why)
                _log.error("audit log: waits for its keys", why=told)
            await asyncio.sleep(SIGNER_AGAIN_AFTER)


async def _unless_stopped(signals: Signals, work: Coroutine[Any, Any, T]) -> T | None:
    """Return what the work returns, or None where the role is told to end before."""
    task, stopped = asyncio.create_task(work), asyncio.create_task(signals.stop.wait())
    try:
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        for one in (task, stopped):
            one.cancel()
        await asyncio.gather(task, stopped, return_exceptions=True)


def places_of(policy: Audit) -> tuple[WitnessPlace, ...]:
    """Return the witnesses of a policy.  Raises NoteInvalid for a key that is none."""
    return tuple(WitnessPlace(NoteKey.parse(witness.key), witness.url) for witness in policy.witnesses)


async def _last(outbox: Outbox, follower: Follower) -> None:
    """Take what has come until now, and promise it; whatever is in the way, the next start goes on from there."""
    try:
        async with asyncio.timeout(LAST_SECONDS):
            await outbox.flush()
            while await follower.take():
                pass
            await follower.promise()
    except (Unavailable, CannotSign, TimeoutError) as why:
        _log.warning("audit log: the last events wait for the next start", why=str(why))


async def _receipt_keys(directory: Path, outbox: Outbox, stream: SqliteEvents, follower: Follower) -> None:
    async def committed(made: ReceiptKeyMade) -> None:
        outbox.emit(made)
        await outbox.flush()
        await follower.promised(await stream.last())

    while True:
        try:
            for name in await provide(directory, committed, system_random, system_clock):
                _log.info("receipt key", key=name)
            await asyncio.sleep(RECEIPT_KEYS_EVERY)
        except Unavailable as why:
            _log.error("receipt keys cannot be made now", why=str(why))
            await asyncio.sleep(RETRY_AFTER)
