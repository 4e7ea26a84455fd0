"""The process of a gateway worker. It holds public keys, and keys of fields where fields are protected: nothing here can sign."""

import gc
import importlib
from contextlib import AsyncExitStack, closing
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from ringfence.app.client_keys import PublishedKeys
from ringfence.app.core_rules import load_core_rules
from ringfence.app.country_file import CountryFile
from ringfence.app.events import event_outbox, event_stream
from ringfence.app.intelligence.table_file import TableFile
from ringfence.app.nonce_key import FileNonces
from ringfence.app.payees import FilePayees
from ringfence.app.payment_consents import PaymentConsents
from ringfence.app.pressure import tell
from ringfence.app.process import Background, Role, Signals, on_reload
from ringfence.app.protection import Fields, any_protected
from ringfence.app.receipt_keys import FileReceipts
from ringfence.app.response_signer import CustodySigner
from ringfence.app.subjects import FileSubjects
from ringfence.app.token_keys import FileTokenKeys
from ringfence.app.untraceable import hide_memory
from ringfence.clock import system_clock
from ringfence.custody.client import SignerClient
from ringfence.gateway.pipeline import Gateway, ruleset
from ringfence.gateway.ports import Ports
from ringfence.gateway.server import serve
from ringfence.gateway.upstream import UpstreamPool
from ringfence.ids import system_random
from ringfence.policy.load import LoadedPolicy, load
from ringfence.store.embedded.lmdb_client_keys import LmdbClientKeys
from ringfence.store.embedded.lmdb_idempotency import LmdbIdempotencyKeys
from ringfence.store.embedded.lmdb_risk import LmdbRisk
from ringfence.store.embedded.lmdb_state import LmdbState
from ringfence.store.embedded.lmdb_sums import LmdbSums
from ringfence.store.interface import Records

_log = structlog.get_logger("ringfence.gateway")


YOUNG_OBJECTS: Final = 10_000
"""Objects made before the collector looks for cycles; a call makes some hundreds, all gone without it."""


def _spare_the_collector() -> None:
    """Take what was loaded at start out of the garbage collector's sight: it stays for good."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 50)


async def _open_records(loaded: LoadedPolicy) -> Records:
    """Open the records; what speaks to a database is loaded in workers that see payments only."""
    from ringfence.app.records import open_policy_records  # noqa: PLC0415 - most gateways do without

    return await open_policy_records(loaded)


def _load_for_records(loaded: LoadedPolicy) -> None:
    """Load what speaks to a database before anybody waits for it, where some operation makes payments or has protected fields."""
    if any_protected(loaded):
        hide_memory()
    if any_protected(loaded) or any(operation.demands.link is not None for operation in loaded.table.operations):
        importlib.import_module("ringfence.app.records")


def gateway_role(policy_file: Path, worker: int) -> Role:
    """Return the role of a gateway worker.

    Args:
        policy_file: read at start and on SIGHUP.
        worker: its number, from 0: names its socket and its journal.
    """

    async def run(signals: Signals) -> None:
        loaded = load(policy_file)
        where = loaded.places
        name = f"gateway-{worker}"
        async with AsyncExitStack() as stack:
            stream = await stack.enter_async_context(event_stream(loaded))
            outbox = await stack.enter_async_context(event_outbox(loaded, name, stream))
            state = stack.enter_context(closing(LmdbState(where.fast)))
            pool = UpstreamPool()
            stack.push_async_callback(pool.close)
            keys = FileTokenKeys(where.jwks)
            consents = PaymentConsents(partial(_open_records, loaded))
            stack.push_async_callback(consents.close)
            custody = SignerClient(where.signer_socket("gateway"))
            stack.push_async_callback(custody.close)
            client_keys = stack.enter_context(closing(LmdbClientKeys(where.client_keys)))
            countries = stack.enter_context(closing(CountryFile()))
            countries.open(loaded)
            fields = Fields(partial(_open_records, loaded), custody, system_clock, system_random, outbox.emit)
            fields.follow(loaded)
            stack.push_async_callback(fields.close)
            ports = Ports(
                keys=keys,
                nonces=FileNonces(where.nonce_key),
                admissions=state,
                sender=pool,
                events=outbox,
                clock=system_clock,
                random=system_random,
                user_of=FileSubjects(where.pairwise_key),
                settle=outbox.settle,
                receipts=FileReceipts(where.receipt_keys),
                consents=consents,
                client_keys=PublishedKeys(client_keys),
                sums=stack.enter_context(closing(LmdbSums(where.sums))),
                idempotency=stack.enter_context(closing(LmdbIdempotencyKeys(where.idempotency))),
                countries=countries,
                payees=stack.enter_context(closing(FilePayees(where, system_random))),
                intelligence=TableFile(where.intelligence / "table"),
                response_signer=CustodySigner(custody),
                protection=fields.protector,
                risks=stack.enter_context(closing(LmdbRisk(where.risk))),
            )
            own, _ = load_core_rules(loaded.policy, where)
            gateway = Gateway(ruleset(loaded.policy, loaded.table, own), ports)

            def reload() -> None:
                again = load(policy_file)
                keys.read_again()
                _load_for_records(again)
                fields.follow(again)
                countries.open(again)
                own, _ = load_core_rules(again.policy, again.places)
                gateway.replace(ruleset(again.policy, again.table, own))
                _log.info("policy", worker=worker, digest=again.digest[:16])

            _load_for_records(loaded)
            _spare_the_collector()
            background = Background()
            stack.push_async_callback(background.end)
            background.add(on_reload(signals, reload), "reload")
            background.add(fields.tell(), "uses of fields' keys")
            background.add(tell(where.gateway_pressure(worker), gateway.pressure), "pressure")
            await serve(
                gateway,
                where.gateway_socket(worker),
                signals.stop,
                loaded.policy.gateway.drain_seconds,
                max_header_bytes=loaded.policy.gateway.max_header_bytes,
            )

    return run
