"""Keys are wrapped here by the `openssl` command, as a customer would."""

import asyncio
import subprocess
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ringfence.custody.wire import Context, DataKey, Done, Generate, Manage, Refusal, Unwrap
from ringfence.events.custody import KeyChanged
from ringfence.keys.compromise import Compromise
from ringfence.keys.imports import MOST_OFFERS, OFFER_SECONDS
from ringfence.keys.management import Management
from ringfence.keys.purposes import Kind
from ringfence.keys.rotation import context_of
from ringfence.keys.schedule import tend
from ringfence.keys.states import State

ACME = Context("client:acme", "/pan")
OWN = "data@client:acme"
KEK, BETWEEN = bytes(range(32)), bytes(range(50, 82))


@pytest.fixture
def management(keeper) -> Management:
    keeper.settings = msgspec.structs.replace(keeper.settings, tenants=frozenset({"client:acme"}))
    return Management(keeper, Compromise(keeper, frozenset({11, 12})))


async def offered(management: Management, purpose: str = OWN) -> dict:
    reply = await management.answer("uid:1", Manage("import-offer", purpose))
    assert isinstance(reply, Done), reply
    return reply.document


def wrap(folder: Path, pem: str, kek: bytes = KEK, between: bytes = BETWEEN, digest: str = "sha256") -> bytes:
    (folder / "public.pem").write_text(pem)
    oaep = ["rsa_padding_mode:oaep", f"rsa_oaep_md:{digest}", f"rsa_mgf1_md:{digest}"]
    outer = ["openssl", "pkeyutl", "-encrypt", "-pubin", "-inkey", str(folder / "public.pem")]
    options = [part for one in oaep for part in ("-pkeyopt", one)]
    first = subprocess.run([*outer, *options], input=between, capture_output=True, check=True).stdout
    inner = ["openssl", "enc", f"-id-aes{len(between) * 8}-wrap-pad", "-iv", "A65959A6", "-K", between.hex()]
    return first + subprocess.run(inner, input=kek, capture_output=True, check=True).stdout


async def brought(management: Management, offer: dict, wrapped: bytes):
    return await management.answer("uid:1", Manage("import", offer["import"], "uid:7", "their contract", wrapped))


async def test_a_customers_key_wraps_what_is_theirs(keeper, management, events, tmp_path):
    before = await keeper.answer("gateway", Generate("data", ACME))
    common = await keeper.answer("gateway", Generate("data", Context("client:other", "/pan")))
    offer = await offered(management)
    assert offer["algorithm"] == "RSA_AES_KEY_WRAP_SHA_256"
    done = await brought(management, offer, wrap(tmp_path, offer["public_key"]))
    assert isinstance(done, Done), done
    key = done.document
    assert (key["state"], key["origin"], key["tenant"], key["why"]) == (
        "active",
        "imported",
        "client:acme",
        "imported: their contract",
    )
    record = keeper.ledger.data_key(before.data_key)
    assert record.key_id == key["key"] != keeper.ledger.data_key(common.data_key).key_id
    # the customer, who has the key, opens what is under it
    assert AESGCM(KEK).decrypt(record.wrapped[:12], record.wrapped[12:], context_of(record)) == before.secret
    assert isinstance(await keeper.answer("gateway", Unwrap(before.data_key, ACME)), DataKey)
    assert (await keeper.answer("gateway", Generate("data", ACME))).kek == key["key"]
    assert keeper.ledger.key(before.kek).state is State.DEACTIVATED
    told = [(event.state, event.by) for event in events if isinstance(event, KeyChanged) and event.key == key["key"]]
    assert told == [("pre-activation", "uid:7"), ("active", "uid:7")]
    assert KEK not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


async def test_the_schedule_leaves_it_and_only_another_import_replaces_it(keeper, management, clock, tmp_path):
    first = (
        await brought(management, offer := await offered(management), wrap(tmp_path, offer["public_key"]))
    ).document
    clock.now += 10 * 365 * 86_400
    await tend(keeper, clock())
    assert keeper.ledger.key(first["key"]).state is State.ACTIVE
    refused = await management.answer("uid:1", Manage("rotate", OWN))
    assert (refused.kind, "import-offer" in refused.message) == ("state", True)
    offer = await offered(management)
    second = (await brought(management, offer, wrap(tmp_path, offer["public_key"], kek=b"2" * 32))).document
    assert keeper.ledger.key(first["key"]).state is State.DEACTIVATED
    for action, state in (("suspend", "suspended"), ("resume", "active")):
        assert (await management.answer("uid:1", Manage(action, second["key"]))).document["state"] == state
        assert (await management.answer("uid:1", Manage("rotate", OWN))).kind == "state"


async def test_an_offer_is_good_for_one_attempt_in_a_day(keeper, management, clock, tmp_path):
    offer = await offered(management)
    wrapped = wrap(tmp_path, offer["public_key"])
    replies = await asyncio.gather(*(brought(management, offer, wrapped) for _ in range(10)))
    assert [type(reply) for reply in replies].count(Done) == 1
    assert {reply.kind for reply in replies if isinstance(reply, Refusal)} == {"unknown"}
    failed = await offered(management)
    assert (await brought(management, failed, bytes(424))).kind == "malformed"
    assert (await brought(management, failed, wrap(tmp_path, failed["public_key"]))).kind == "unknown"
    late = await offered(management)
    clock.now += OFFER_SECONDS
    assert (await brought(management, late, wrap(tmp_path, late["public_key"]))).kind == "unknown"
    assert len(keeper.ledger.keys(OWN)) == 1


async def test_whatever_is_wrong_with_it_is_said_the_same_way(keeper, management, tmp_path):
    said = set()
    for spoil in (
        lambda pem: wrap(tmp_path, pem)[:-8],
        lambda pem: wrap(tmp_path, pem)[:383],
        lambda pem: bytes([wrap(tmp_path, pem)[0] ^ 1]) + wrap(tmp_path, pem)[1:],
        lambda pem: wrap(tmp_path, pem)[:-1] + b"x",
        lambda pem: wrap(tmp_path, pem, kek=b"k" * 16),
        lambda pem: wrap(tmp_path, pem, kek=b"k" * 33),
        lambda pem: wrap(tmp_path, pem, between=b"b" * 16),
        lambda pem: wrap(tmp_path, pem, digest="sha1"),
        lambda pem: KEK,
        lambda pem: b"",
    ):
        offer = await offered(management)
        reply = await brought(management, offer, spoil(offer["public_key"]))
        said.add((reply.kind, reply.message))
    assert len(said) == 1
    assert keeper.ledger.keys(OWN) == []


async def test_what_nothing_is_imported_for(keeper, management):
    for purpose, kind in (
        ("token", "unknown"),
        ("nothing", "unknown"),
        ("", "unknown"),
        ("data@client:x", "state"),
        ("data@", "state"),
    ):
        assert (await management.answer("uid:1", Manage("import-offer", purpose))).kind == kind
    keeper.settings.providers["data"] = "pkcs11"
    reply = await management.answer("uid:1", Manage("import-offer", OWN))
    assert (reply.kind, "keep_local: [data]" in reply.message) == ("state", True)


async def test_only_so_many_offers_are_open(management, clock):
    await offered(management)
    (one,) = management._imports._offers.values()
    management._imports._offers = {str(number): one for number in range(MOST_OFFERS)}
    assert (await management.answer("uid:1", Manage("import-offer", OWN))).kind == "approval"
    clock.now += OFFER_SECONDS
    await offered(management)


async def test_a_signer_that_is_killed_after_the_import_was_written_goes_on_with_it(
    keeper, open_keeper, management, clock, monkeypatch, tmp_path
):
    before = await keeper.answer("gateway", Generate("data", ACME))
    offer = await offered(management)

    async def killed(*_: object) -> bool:
        raise OSError("killed here")

    monkeypatch.setattr("ringfence.keys.imports.go_on", killed)
    assert (await brought(management, offer, wrap(tmp_path, offer["public_key"]))).kind == "failed"
    keeper.close()
    again = open_keeper()
    await tend(again, clock())
    (key, *_) = again.ledger.keys(OWN)
    assert (key.state, key.origin, key.kind) == (State.ACTIVE, "imported", Kind.AES256)
    assert (await again.answer("gateway", Unwrap(before.data_key, ACME))).secret == before.secret
