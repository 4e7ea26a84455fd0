"""What a worker does with keys of fields: opens records once, keeps to the policy, tells uses."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec

from ringfence.app.protection import Fields, any_protected, rotation_of
from ringfence.custody.client import SignerClient
from ringfence.events import Event
from ringfence.events.custody import KeyUsed
from ringfence.ids import system_random
from ringfence.policy.load import LoadedPolicy
from ringfence.policy.protection_model import Protection
from ringfence.store.interface import Unavailable
from ringfence.store.records import open_records
from tests.field_keys import Signer, field, whom
from tests.keys_fixture import Clock, open_keeper


def of(protection: Protection) -> Any:
    return SimpleNamespace(policy=SimpleNamespace(protection=protection))


async def test_a_worker_protects_tells_uses_and_follows_the_policy(tmp_path: Path, monkeypatch: Any) -> None:
    clock, events = Clock(), list[Event]()
    signer = Signer(open_keeper(tmp_path, clock))
    client = SignerClient(tmp_path / "nobody")
    monkeypatch.setattr(client, "generate", signer.generate)
    monkeypatch.setattr(client, "open", signer.open)
    opened: list[int] = []

    async def opener() -> Any:
        opened.append(1)
        if len(opened) == 1:
            raise Unavailable("records gone")
        return await open_records(f"sqlite+aiosqlite:///{tmp_path}/records.db")

    fields = Fields(opener, client, clock, system_random, events.append)
    fields.follow(of(Protection(key_cache_seconds=10)))
    document: dict[str, Any] = {"a": "value"}
    for _ in range(2):
        try:
            await fields.protector.apply(document, [field("/a", "encrypt")], whom(), to="upstream")
        except Unavailable:
            assert document == {"a": "value"}
    assert len(opened) == 2
    assert document["a"].startswith("rf1.")
    asked = signer.asked
    fields.follow(of(Protection()))
    await fields.protector.apply(document, [field("/a", "open")], whom(), to="upstream")
    assert signer.asked == asked + 1
    monkeypatch.setattr("ringfence.app.protection.TELL_EVERY", 0.001)
    clock.now += 301
    telling = asyncio.create_task(fields.tell())
    async with asyncio.timeout(30):
        while fields._keyring._held or len([event for event in events if isinstance(event, KeyUsed)]) < 2:
            await asyncio.sleep(0.001)
    telling.cancel()
    await fields.close()
    told = [event for event in events if isinstance(event, KeyUsed)]
    assert sorted((event.operation, event.count, event.purpose) for event in told) == [
        ("encrypt", 1, "field"),
        ("open", 1, "field"),
    ]


def test_settings_are_in_seconds() -> None:
    rotation = rotation_of(Protection(rotate_days=2, key_cache_seconds=5, key_cache_fields=16, rotate_uses=65_536))
    assert (rotation.age, rotation.seconds, rotation.fields, rotation.uses) == (172_800.0, 5, 16, 65_536)


def test_which_policies_protect_fields(loaded: LoadedPolicy) -> None:
    assert not any_protected(loaded)
    (first, *rest) = loaded.table.operations
    protecting = SimpleNamespace(operations=(msgspec.structs.replace(first, protected=(field("/a", "mask"),)), *rest))
    assert any_protected(msgspec.structs.replace(loaded, table=protecting))


async def test_held_keys_are_let_go_of_when_another_shredding_is_told(tmp_path: Path, monkeypatch: Any) -> None:
    clock, mark = Clock(), tmp_path / "shredded"
    signer = Signer(open_keeper(tmp_path, clock))
    client = SignerClient(tmp_path / "nobody")
    monkeypatch.setattr(client, "generate", signer.generate)
    monkeypatch.setattr(client, "open", signer.open)
    fields = Fields(
        lambda: open_records(f"sqlite+aiosqlite:///{tmp_path}/records.db"), client, clock, system_random, print
    )
    following = asyncio.create_task(fields.follow_shreddings(mark, 0.01))
    try:
        for wish in ("", "wish_1", "wish_2"):
            document: dict[str, Any] = {"a": "value"}
            await fields.protector.apply(document, [field("/a", "encrypt")], whom(), to="upstream")
            asked = signer.asked
            if wish:
                mark.write_text(wish)
                async with asyncio.timeout(30):
                    while fields._keyring._held:
                        await asyncio.sleep(0.01)
                await fields.protector.apply(document, [field("/a", "open")], whom(), to="upstream")
                assert (document["a"], signer.asked) == ("value", asked + 1)
    finally:
        following.cancel()
        await fields.close()
