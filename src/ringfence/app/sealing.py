"""Put the root key under the seal that the policy names, or under another one."""

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from ringfence.app.events import event_outbox, event_stream
from ringfence.app.key_providers import read_passphrase, read_secret
from ringfence.app.ready import answers
from ringfence.clock import system_clock
from ringfence.events.actions import AdminActed
from ringfence.ids import new_correlation_id, system_random
from ringfence.keys.ports import KeyUnusable
from ringfence.keys.providers.root import open_root, seal_root
from ringfence.policy.load import LoadedPolicy, load
from ringfence.store.interface import Unavailable


def seal(policy: Path, old_passphrase: Path | None, environment: Mapping[str, str]) -> None:
    """Seal the root key by the passphrase of `signer.seal`; without one there, the seal is taken off.

    Args:
        policy: the policy file.
        old_passphrase: a file with the passphrase that seals it now; None where none does.
        environment: names systemd's credentials.

    Raises:
        PolicyMistakes: the policy cannot be loaded.
        KeyUnusable: the signer runs, a passphrase is wrong or missing, or it cannot be put on record.
    """
    loaded = load(policy)
    where = loaded.places
    if not where.root_key.exists():
        raise KeyUnusable(f"{where.root_key} is not there yet: the first start makes it, sealed already")

    def turn() -> None:
        if answers(where.signer_socket("admin")):
            raise KeyUnusable("the signer runs: stop Ringfence first")
        new = read_passphrase(loaded.policy.signer.seal, where, environment)
        old = read_secret(old_passphrase, "--old-passphrase-file") if old_passphrase else None
        seal_root(where.root_key, open_root(where.root_key, old, system_random), new, system_random)

    try:
        asyncio.run(_on_record(loaded, turn))
    except Unavailable as why:
        raise KeyUnusable(f"it cannot be put on record: {why}") from None


async def _on_record(loaded: LoadedPolicy, turn: Callable[[], None]) -> None:
    """Do it, and have it in the event stream, or that it was refused, before anybody is told."""
    async with event_stream(loaded) as stream, event_outbox(loaded, "sealing", stream) as outbox:
        outbox.ready()
        correlation, actor = new_correlation_id(system_random), f"uid:{os.getuid()}"
        done = AdminActed(system_clock(), correlation, actor, "key.sealed", "root")
        try:
            turn()
        except KeyUnusable:
            outbox.emit(msgspec.structs.replace(done, outcome="refused"))
            await outbox.settle()
            raise
        outbox.emit(done)
        await outbox.settle()
