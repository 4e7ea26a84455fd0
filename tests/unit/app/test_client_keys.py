import asyncio
import inspect
import multiprocessing
from pathlib import Path
from typing import Any

import pytest

from ringfence.app.client_keys import (
    CHANGING,
    PublishedKeys,
    Publisher,
    lock_beside,
    no_fetch,
    publishing,
    row_of,
    usable,
)
from ringfence.clients.encryption_keys import NO_KEYS, KeysAt
from ringfence.clients.key_overlap import with_new_keys
from ringfence.clock import Instant
from ringfence.proofs.encryption_key import usable_encryption_keys
from ringfence.proofs.jwk import parse_public_jwk
from ringfence.store.embedded.lmdb_client_keys import LmdbClientKeys
from ringfence.store.interface import Records, Unavailable
from ringfence.store.model import Client
from ringfence.store.records import open_records
from tests.signed_calls import ClientKey

NOW = Instant(1_760_000_000.0)


def client(client_id: str, *keys: ClientKey, **more: Any) -> Client:
    return Client(client_id=client_id, name=client_id, jwks={"keys": [key.jwk for key in keys]}, created_at=NOW, **more)


class World:
    def __init__(self, directory: Path, database: Records) -> None:
        self.file = directory / "client-keys.mdb"
        self.rows = LmdbClientKeys(self.file)
        self.database = database
        self.remote: dict[str, KeysAt] = {}
        self.publisher = Publisher(self.rows, database, self.fetch, lock_beside(self.file), lambda: NOW)
        self.records = publishing(database, self.publisher)
        self.keys = PublishedKeys(self.rows)

    async def fetch(self, url: str) -> KeysAt:
        return self.remote.get(url, NO_KEYS)

    def known(self, client_id: str) -> set[str]:
        found = self.keys.of(client_id)
        return set() if found is None else set(found.keys)


@pytest.fixture
async def world(tmp_path: Path) -> Any:
    database = await open_records(f"sqlite+aiosqlite:///{tmp_path}/records.db")
    yield World(tmp_path, database)
    await database.close()


async def test_a_client_is_known_when_its_registration_returns(world: World) -> None:
    await world.records.add_client(client("a", ClientKey("k1"), ClientKey("k2"), tls_subject="CN=a"))
    found = world.keys.of("a")
    assert found is not None
    assert (set(found.keys), found.names) == ({"k1", "k2"}, {"a", "CN=a"})
    assert world.keys.of("a") is found  # parsed once
    assert world.keys.of("b") is None


async def test_a_stopped_client_has_no_keys_from_the_next_call_on(world: World) -> None:
    await world.records.add_client(client("a", ClientKey("k1")))
    assert world.known("a") == {"k1"}
    await world.records.set_client_status("a", "suspended")
    assert world.known("a") == set()
    await world.records.set_client_status("a", "active")
    assert world.known("a") == {"k1"}
    await world.records.remove_client("a")
    assert world.known("a") == set()


async def test_another_role_and_another_machine_are_caught_up_with(world: World) -> None:
    await world.database.add_client(client("a", ClientKey("k1")))
    await world.database.add_client(client("b", jwks_uri="https://b.example/jwks"))
    world.remote["https://b.example/jwks"] = KeysAt({"r1": parse_public_jwk(ClientKey("r1").jwk)})
    await world.rows.put("gone", b"{}")
    await world.publisher.publish_all()
    assert (world.known("a"), world.known("b"), world.keys.of("gone")) == ({"k1"}, {"r1"}, None)
    world.remote["https://b.example/jwks"] = KeysAt({"r2": parse_public_jwk(ClientKey("r2").jwk)})
    await world.publisher.publish("b")
    assert world.known("b") == {"r2"}
    assert not await no_fetch("https://b.example/jwks")


async def test_keys_for_encryption_are_known_in_the_clients_order_and_verify_nothing(world: World) -> None:
    sealing = [{**ClientKey(kid).jwk, "use": "enc", "alg": "ECDH-ES"} for kid in ("e2", "e1")]
    jwks = {"keys": [sealing[0], ClientKey("k1").jwk, sealing[1]]}
    own = Client(client_id="a", name="A", jwks=jwks, created_at=NOW)
    await world.records.add_client(own)
    assert await told(world, "a") == ({"k1"}, ["e2", "e1"])
    new = Client(client_id="a", name="A", jwks={"keys": [ClientKey("k2").jwk]}, created_at=NOW)
    await world.records.change_client_keys(with_new_keys(own, new, 60, NOW))
    assert await told(world, "a") == (
        {"k2", "k1"},
        [],
    )  # what was replaced verifies for a while; nothing is sealed to it
    url = "https://b.example/jwks"
    await world.database.add_client(client("b", jwks_uri=url))
    world.remote[url] = KeysAt({}, usable_encryption_keys(sealing))
    await world.publisher.publish_all()
    assert await told(world, "b") == (set(), ["e2", "e1"])
    world.remote[url] = NO_KEYS
    await world.publisher.publish_all()
    assert await told(world, "b") == (set(), [])


async def told(world: World, client_id: str) -> tuple[set[str], list[str]]:
    found = world.keys.of(client_id)
    assert found is not None
    return set(found.keys), [key.kid for key in found.sealing]


async def test_publishing_goes_on_after_an_outage(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.database.add_client(client("a", ClientKey("k1")))
    turns = 0

    async def sometimes() -> list[Client]:
        nonlocal turns
        turns += 1
        if turns == 1:
            raise Unavailable("database gone")
        return [client("a", ClientKey("k9"))]

    monkeypatch.setattr(world.database, "list_clients", sometimes)
    monkeypatch.setattr("ringfence.app.client_keys.PUBLISH_EVERY", 0.01)
    task = asyncio.create_task(world.publisher.publish_now_and_again())
    for _ in range(200):
        await asyncio.sleep(0.01)
        if world.known("a"):
            break
    task.cancel()
    assert world.known("a") == {"k9"}


def _in_another_process(file: str, pipe: Any) -> None:
    keys = PublishedKeys(LmdbClientKeys(Path(file)))
    while (client_id := pipe.recv()) is not None:
        found = keys.of(client_id)
        pipe.send(None if found is None else sorted(found.keys))


async def test_a_worker_sees_a_rotation_at_once(world: World) -> None:
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    worker = multiprocessing.get_context("spawn").Process(
        target=_in_another_process, args=(str(world.file), theirs), daemon=True
    )
    worker.start()
    try:
        for round_ in range(5):
            row = row_of(client("a", ClientKey(f"k{round_}")), NO_KEYS, NOW)
            await world.rows.put("a", row)
            ours.send("a")
            assert await asyncio.to_thread(ours.recv) == [f"k{round_}"]
        await world.rows.put("a", None)
        ours.send("a")
        assert await asyncio.to_thread(ours.recv) is None
    finally:
        ours.send(None)
        worker.join(10)


async def test_a_torn_row_lets_nobody_in(world: World) -> None:
    await world.rows.put("a", b"{")
    with pytest.raises(Unavailable):
        world.keys.of("a")
    other = row_of(client("b", ClientKey("k1")), NO_KEYS, NOW)
    await world.rows.put("a", other)
    with pytest.raises(Unavailable):
        world.keys.of("a")


def test_keys_that_may_not_verify_are_left_out() -> None:
    good = ClientKey("k1").jwk
    assert set(usable([good, {**good, "kid": "e", "use": "enc"}, {"kty": "oct", "k": "x", "kid": "o"}])) == {"k1"}


def test_every_verb_that_changes_a_client_publishes() -> None:
    not_changing = {
        "client",
        "list_clients",
        "registration",
        "list_registrations",
        "forget_registration",
        "renew_registration",
    }
    verbs = {name for name, _ in inspect.getmembers(Records, inspect.isfunction)}
    about_clients = {name for name in verbs if "client" in name or "registration" in name}
    not_changing |= {"note_session_client"}
    assert about_clients - not_changing == CHANGING


async def test_a_key_that_was_replaced_counts_until_its_time(world: World) -> None:
    old, new = ClientKey("old"), ClientKey("new")
    retired = ({"jwk": old.jwk, "until": NOW + 60},)
    await world.records.add_client(client("a", new, retired_keys=retired))
    assert world.known("a") == {"old", "new"}
    later = Publisher(world.rows, world.database, world.fetch, lock_beside(world.file), lambda: Instant(NOW + 61))
    await later.publish_all()
    assert world.known("a") == {"new"}
