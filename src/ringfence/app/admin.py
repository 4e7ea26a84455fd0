"""The process of the management API; it also sweeps what has expired."""

import asyncio
import os
from collections.abc import Callable
from contextlib import AsyncExitStack, closing
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import structlog

from ringfence.admin.api import create_app
from ringfence.admin.client_shown import DAY_SECONDS
from ringfence.admin.measures import Measures
from ringfence.admin.metrics import metrics_app
from ringfence.admin.ports import AdminPorts
from ringfence.admin.refilling import refill
from ringfence.app.asgi import serve_asgi
from ringfence.app.canary import beside_or_none
from ringfence.app.canary_keeping import CanaryKeeping
from ringfence.app.client_keys import Publisher, lock_beside, no_fetch, publishing
from ringfence.app.consents import EXPIRE_EVERY, expire_consents
from ringfence.app.events import event_outbox, event_stream
from ringfence.app.expiring import LOOK_EVERY, warn_of_ends
from ringfence.app.intelligence.known import KnownInPlace
from ringfence.app.keeping_quotas import keeping_quotas
from ringfence.app.leaked_passwords import times_leaked
from ringfence.app.metrics import count_events, serve_metrics, states_of
from ringfence.app.oauth import Switch
from ringfence.app.payees import FilePayees
from ringfence.app.process import Background, Role, Signals, on_reload
from ringfence.app.records import open_policy_records
from ringfence.app.settling import SettledAnswers
from ringfence.app.snapshot import load_named
from ringfence.app.watcher import policy_rules
from ringfence.audit.log import PERSONS
from ringfence.audit.persons import Persons
from ringfence.clock import Seconds, system_clock
from ringfence.custody.client import SignerClient
from ringfence.ids import system_random
from ringfence.oauth.passwords import hash_password
from ringfence.policy.canary import Canary
from ringfence.policy.exports import sink_names
from ringfence.policy.load import LoadedPolicy
from ringfence.policy.operations import Operation
from ringfence.store.cursors import Cursors
from ringfence.store.embedded.lmdb_client_keys import LmdbClientKeys
from ringfence.store.embedded.lmdb_idempotency import LmdbIdempotencyKeys
from ringfence.store.embedded.lmdb_risk import LmdbRisk
from ringfence.store.embedded.lmdb_state import LmdbState
from ringfence.store.embedded.lmdb_sums import LmdbSums
from ringfence.store.embedded.sqlite_cases import SqliteCases
from ringfence.store.embedded.sqlite_watch import SqliteWatch
from ringfence.store.idempotency import IdempotencyKeys
from ringfence.store.interface import FastState, Records, Unavailable
from ringfence.store.payees import Payees
from ringfence.store.redactions import Redactions
from ringfence.store.sums import Sums

_log = structlog.get_logger("ringfence.admin")

FAST_SWEEP_EVERY: Final[Seconds] = 1.0
"""One bounded step each: at a thousand calls a second this keeps up with their replay marks."""

RULES_SWEEP_EVERY: Final[Seconds] = 10.0
"""Of sums, payees and idempotency keys: a walk over some thousand of them, and a write only where some have expired."""

RECORDS_SWEEP_EVERY: Final[Seconds] = 300.0


async def sweep(target: FastState | Records | Sums | Payees | IdempotencyKeys, every: Seconds) -> None:
    """Remove what has expired, now and again."""
    while True:
        await asyncio.sleep(every)
        try:
            await target.sweep(system_clock())
        except Unavailable as why:
            _log.warning("sweep put off", why=str(why))


def _leaked_list(loaded: LoadedPolicy) -> Callable[[str], int]:
    file = loaded.policy.oauth.passwords.leaked
    return partial(times_leaked, where=loaded.places.file(file) if file else None)


def warn_before(loaded: LoadedPolicy) -> Seconds:
    """Return how long before its end something of a client is warned of."""
    return loaded.policy.oauth.clients.warn_before_days * DAY_SECONDS


def published_kids(file: Path) -> tuple[str, ...]:
    """Return the ids of the keys that the authorization server has published; none where it has not yet.

    Raises:
        Unavailable: the file cannot be read.
    """
    try:
        return tuple(key["kid"] for key in msgspec.json.decode(file.read_bytes())["keys"])
    except FileNotFoundError:
        return ()
    except (OSError, msgspec.DecodeError, KeyError, TypeError) as error:
        raise Unavailable(f"published keys: {error!r}") from error


def _operations_of(
    running: LoadedPolicy, tried: tuple[Canary, LoadedPolicy] | None, client_id: str
) -> tuple[Operation, ...]:
    """Return what a client can call, by the policy that governs it."""
    governs = tried[1] if tried is not None and tried[0].share.takes(client_id) else running
    return governs.table.operations


async def shred_person(path: Path, stream: Redactions, person: str) -> str | None:
    """Destroy the key of a person, which nothing here can open, and note first that the stream is to forget them as well."""
    await stream.note_redaction(person)

    def destroy() -> str | None:
        with closing(Persons(path, None, system_random)) as persons:
            return persons.shred(person)

    return await asyncio.to_thread(destroy)


def admin_role(policy_file: Path) -> Role:
    """Return the role of the management API."""

    async def run(signals: Signals) -> None:
        loaded, called = load_named(policy_file)
        tried = beside_or_none(loaded, called)
        where = loaded.places
        async with AsyncExitStack() as stack:
            stream = await stack.enter_async_context(event_stream(loaded))
            outbox = await stack.enter_async_context(event_outbox(loaded, "admin", stream))
            fast = stack.enter_context(closing(LmdbState(where.fast, quotas=where.quotas)))
            await stack.enter_async_context(keeping_quotas(where.quotas, fast, system_clock))
            database = await open_policy_records(loaded)
            stack.push_async_callback(database.close)
            custody = SignerClient(where.signer_socket("admin"))
            stack.push_async_callback(custody.close)
            published = stack.enter_context(closing(LmdbClientKeys(where.client_keys)))
            records = publishing(
                database, Publisher(published, database, no_fetch, lock_beside(where.client_keys), system_clock)
            )
            watch = SqliteWatch(where.watch)
            stack.push_async_callback(watch.close)
            await refill(watch, fast, system_clock())
            cases = SqliteCases(where.watch)
            stack.push_async_callback(cases.close)
            measures, current = Measures(), loaded
            ports = AdminPorts(
                records=records,
                fast=fast,
                events=outbox,
                stream=stream,
                watch=watch,
                cases=cases,
                rules=lambda: policy_rules(current),
                hash_password=hash_password,
                times_leaked=_leaked_list(loaded),
                clock=system_clock,
                random=system_random,
                actor=f"uid:{os.getuid()}",
                cursor_of=Cursors(where.exports).read,
                feeds=KnownInPlace(where.intelligence),
                measures=measures,
                states=states_of(
                    where,
                    lambda: current.policy.gateway.workers,
                    stream,
                    watch,
                    system_clock,
                    lambda: sink_names(current.policy),
                ),
                published_kids=partial(published_kids, where.jwks),
                keys=custody,
                shred=partial(shred_person, where.audit / PERSONS, stream),
                operations=loaded.table.operations,
                risks=stack.enter_context(closing(LmdbRisk(where.risk))),
                canary=CanaryKeeping(lambda: (current, called), system_random),
                operations_of=lambda client: _operations_of(current, tried, client),
            )
            switch = Switch(create_app(loaded.policy, ports))

            near = warn_before(loaded)

            def reload() -> None:
                nonlocal current, called, tried, near
                again, name = load_named(policy_file)
                other = beside_or_none(again, name)
                changed = msgspec.structs.replace(
                    ports, times_leaked=_leaked_list(again), operations=again.table.operations
                )
                switch.app = create_app(again.policy, changed)
                current, called, tried, near = again, name, other, warn_before(again)

            background = Background()
            stack.push_async_callback(background.end)
            background.add(on_reload(signals, reload), "reload")
            sums = stack.enter_context(closing(LmdbSums(where.sums)))
            idempotency = stack.enter_context(closing(LmdbIdempotencyKeys(where.idempotency)))
            payees = stack.enter_context(closing(FilePayees(where, system_random)))
            for swept, named in ((payees, "payees"), (sums, "sums"), (idempotency, "idempotency keys")):
                background.add(sweep(swept, RULES_SWEEP_EVERY), f"sweep {named}")
            if loaded.policy.metrics is not None:
                background.add(serve_metrics(metrics_app(ports), loaded.policy.metrics, signals.stop), "metrics")
            background.add(count_events(stream, measures), "count events")
            background.add(sweep(fast, FAST_SWEEP_EVERY), "sweep fast state")
            background.add(sweep(records, RECORDS_SWEEP_EVERY), "sweep records")
            expiry = expire_consents(records, outbox, system_clock, system_random, EXPIRE_EVERY)
            background.add(expiry, "expire consents")
            warnings = warn_of_ends(
                records, fast, outbox, system_clock, system_random, within=lambda: near, every=LOOK_EVERY
            )
            background.add(warnings, "warn of ends")
            await serve_asgi(SettledAnswers(switch, outbox.settle_weighty), where.admin_socket, signals.stop)

    return run
