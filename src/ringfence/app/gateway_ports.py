"""Open what a gateway needs: shared state, published keys, the way of its events. Whatever lets calls in uses this."""

import importlib
from collections.abc import Callable
from contextlib import AsyncExitStack, closing
from functools import partial
from pathlib import Path

import msgspec

from ringfence.app.client_keys import PublishedKeys
from ringfence.app.core_rules import load_core_rules
from ringfence.app.country_file import CountryFile
from ringfence.app.events import event_outbox, event_stream
from ringfence.app.intelligence.table_file import TableFile
from ringfence.app.nonce_key import FileNonces
from ringfence.app.object_names import FileObjectNames
from ringfence.app.payees import FilePayees
from ringfence.app.payload_keys import CustodyPayloads
from ringfence.app.payment_consents import PaymentConsents
from ringfence.app.process import Background
from ringfence.app.protection import Fields, any_protected
from ringfence.app.receipt_keys import FileReceipts
from ringfence.app.response_signer import CustodySigner
from ringfence.app.subjects import FileSubjects
from ringfence.app.token_keys import FileTokenKeys
from ringfence.app.untraceable import hide_memory
from ringfence.clock import system_clock
from ringfence.custody.client import SignerClient
from ringfence.gateway.ext_authz import ExtAuthz, Verdict
from ringfence.gateway.pipeline import Gateway, ruleset
from ringfence.gateway.ports import Ports, Sender
from ringfence.ids import system_random
from ringfence.policy.load import LoadedPolicy, load
from ringfence.store.embedded.lmdb_client_keys import LmdbClientKeys
from ringfence.store.embedded.lmdb_idempotency import LmdbIdempotencyKeys
from ringfence.store.embedded.lmdb_risk import LmdbRisk
from ringfence.store.embedded.lmdb_state import LmdbState
from ringfence.store.embedded.lmdb_sums import LmdbSums
from ringfence.store.interface import Records, Unavailable


async def _open_records(loaded: LoadedPolicy) -> Records:
    """Open the records; what speaks to a database is loaded in workers that see payments only."""
    from ringfence.app.records import open_policy_records  # noqa: PLC0415 - most gateways do without

    return await open_policy_records(loaded)


def load_for_records(loaded: LoadedPolicy) -> None:
    """Load what speaks to a database before anybody waits for it, where some operation makes payments or has protected fields."""
    if any_protected(loaded):
        hide_memory()
    if any_protected(loaded) or any(operation.demands.link is not None for operation in loaded.table.operations):
        importlib.import_module("ringfence.app.records")


class OpenGateway(msgspec.Struct, frozen=True):
    """A gateway that can be called, with what it was opened from."""

    gateway: Gateway
    authz: ExtAuthz | None
    """Decides by the same and sends nothing; None where the policy does not have `ext_authz` on."""
    loaded: LoadedPolicy
    reload: Callable[[], LoadedPolicy]
    """Reads the policy again and decides by it from then on.  Raises PolicyMistakes; then the old one stays in force."""


async def open_gateway(policy_file: Path, name: str, sender: Sender, stack: AsyncExitStack) -> OpenGateway:
    """Open a gateway; the stack closes what was opened.

    Args:
        policy_file: read now and at each reload.
        name: names the journals of its events.
        sender: the way to the APIs.
        stack: open; closed by the caller when the last call has ended.

    Raises:
        PolicyMistakes: the policy cannot be used.
        Unavailable: the state cannot be opened.
    """
    loaded = load(policy_file)
    where = loaded.places
    if not where.state.is_dir():
        raise Unavailable(f"there is no state in {where.state}: `ringfence up` makes it")
    stream = await stack.enter_async_context(event_stream(loaded))
    outbox = await stack.enter_async_context(event_outbox(loaded, name, stream))
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
        admissions=stack.enter_context(closing(LmdbState(where.fast))),
        sender=sender,
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
        payloads=CustodyPayloads(custody),
        risks=stack.enter_context(closing(LmdbRisk(where.risk))),
        objects=FileObjectNames(where, system_random),
    )
    own, _ = load_core_rules(loaded.policy, where)
    rules = ruleset(loaded.policy, loaded.table, own, loaded.cedar)
    gateway = Gateway(rules, ports)
    asked = loaded.policy.gateway.ext_authz == "on"
    authz = ExtAuthz(Gateway(rules, msgspec.structs.replace(ports, sender=Verdict()))) if asked else None

    def reload() -> LoadedPolicy:
        again = load(policy_file)
        keys.read_again()
        load_for_records(again)
        fields.follow(again)
        countries.open(again)
        own, _ = load_core_rules(again.policy, again.places)
        rules = ruleset(again.policy, again.table, own, again.cedar)
        gateway.replace(rules)
        if authz is not None:
            authz.replace(rules, asked=again.policy.gateway.ext_authz == "on")
        return again

    load_for_records(loaded)
    background = Background()
    stack.push_async_callback(background.end)
    background.add(fields.tell(), "uses of fields' keys")
    background.add(fields.follow_shreddings(where.shredded), "shreddings")
    return OpenGateway(gateway, authz, loaded, reload)
