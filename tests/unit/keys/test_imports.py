"""Keys are wrapped here by the `openssl` command, as a customer would."""

import asyncio
import subprocess
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ringfence.custody.wire import Context, DataKey, Done, Generate, Manage, Refusal, Unwrap
from ringfence.events.custody import KeyChanged
from ringfence.keys.compromise import WISH_SECONDS, Compromise
from ringfence.keys.imports import MOST_OFFERS, OFFER_SECONDS, check_value
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


def operated(keeper) -> tuple[Management, Compromise]:
    compromise = Compromise(keeper, frozenset({11, 12, 13}))
    return Management(keeper, compromise), compromise


async def test_a_key_for_all_tenants_takes_two_others_who_approve(keeper, tmp_path, events):
    """One person brings it, and knows it: without two others nothing is wrapped by it."""
    management, compromise = operated(keeper)
    made = [await keeper.answer("gateway", Generate("data", Context("t", f"/{n}"))) for n in range(5)]
    before = await keeper.active("data")
    offer = await offered(management, "data")
    wish = (await brought(management, offer, wrap(tmp_path, offer["public_key"]))).document
    assert (wish["wants"], wish["done"], wish["asked_by"]) == ("import data", False, "uid:7")
    assert check_value(KEK) in wish["why"]
    assert (await keeper.active("data")).key_id == before.key_id
    for uid in (7, 99):
        assert isinstance(await compromise.answer(uid, Manage("approve", wish["wish"])), Refusal)
    for _ in range(3):
        assert (await compromise.answer(11, Manage("approve", wish["wish"]))).document["done"] is False
    assert [key.key_id for key in keeper.ledger.keys("data")] == [before.key_id]
    replies = [compromise.answer(uid, Manage("approve", wish["wish"])) for uid in (12, 13, 12)]
    await asyncio.gather(*replies)
    while compromise._work:
        await asyncio.gather(*compromise._work)
    shown = (await management.answer("uid:1", Manage("wish", wish["wish"]))).document
    new = await keeper.active("data")
    assert (shown["done"], shown["new_key"], shown["rewrapped"]) == (True, new.key_id, 5)
    assert (new.origin, keeper.ledger.key(before.key_id).state) == ("imported", State.DEACTIVATED)
    assert len(keeper.ledger.keys("data")) == 2
    record = keeper.ledger.data_key(made[0].data_key)
    assert AESGCM(KEK).decrypt(record.wrapped[:12], record.wrapped[12:], context_of(record)) == made[0].secret
    told = {event.by for event in events if isinstance(event, KeyChanged) and event.key == new.key_id}
    assert told == {"uid:11+uid:12"}


@pytest.mark.parametrize("purpose", ["data", "data@shared"])
async def test_without_two_who_could_approve_it_is_not_even_offered(keeper, purpose):
    keeper.settings = msgspec.structs.replace(keeper.settings, tenants=frozenset({"shared"}))
    management = Management(keeper, Compromise(keeper, frozenset({11})))
    reply = await management.answer("uid:1", Manage("import-offer", purpose))
    assert isinstance(reply, Refusal)
    assert (reply.kind, "name 2 operators" in reply.message) == ("approval", True)


async def test_what_was_not_approved_in_time_or_before_a_restart_is_not_held_any_more(keeper, clock, tmp_path):
    management, compromise = operated(keeper)
    before = await keeper.active("data")
    for end in ("time", "restart"):
        offer = await offered(management, "data")
        wish = (await brought(management, offer, wrap(tmp_path, offer["public_key"]))).document["wish"]
        await compromise.answer(11, Manage("approve", wish))
        if end == "time":
            clock.now += WISH_SECONDS
            assert (await compromise.answer(12, Manage("approve", wish))).kind == "approval"
            await offered(management, "data")
            assert management._imports._waiting == {}
        else:
            _, compromise = operated(keeper)
            assert (await compromise.answer(12, Manage("approve", wish))).kind == "unknown"
    assert [key.key_id for key in keeper.ledger.keys("data")] == [before.key_id]


def test_a_check_value_is_as_openssl_has_it():
    command = ["openssl", "mac", "-cipher", "AES-256-CBC", "-macopt", f"hexkey:{KEK.hex()}", "CMAC"]
    said = subprocess.run(command, input=bytes(16), capture_output=True, check=True).stdout
    assert said.decode().strip()[:6] == check_value(KEK)
