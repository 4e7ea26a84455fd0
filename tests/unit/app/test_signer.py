import asyncio
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from ringfence.app.payload_keys import CustodyPayloads
from ringfence.app.signer import first_key, flush_uses, publish, publish_soon, seals_payloads
from ringfence.custody.client import SignerClient
from ringfence.custody.wire import Context, Generate, SignerRefused, SignToken
from ringfence.events.custody import KeyUsed
from ringfence.keys.backend import BackendGone
from ringfence.keys.compromise import Compromise
from ringfence.keys.providers.local import LocalSigner, create_signing_key
from ringfence.keys.schedule import look_after, replace
from ringfence.policy.load import LoadedPolicy
from ringfence.policy.payload_model import PayloadEncryption
from ringfence.protect.partner_keys import fingerprint, wrap
from ringfence.store.interface import Unavailable
from tests.keys_fixture import Clock, open_keeper


async def test_uses_are_told_in_batches(tmp_path):
    events: list = []
    keeper = open_keeper(tmp_path, emit=events.append)
    for _ in range(3):
        await keeper.answer("oauth", SignToken("token", "t", b"{}"))
    flush_uses(keeper)
    flush_uses(keeper)
    (used,) = [event for event in events if isinstance(event, KeyUsed)]
    assert (used.purpose, used.role, used.operation, used.count) == ("token", "oauth", "sign-token", 3)


async def test_uses_that_nobody_took_are_told_later_and_so_are_those_of_a_process_that_was_killed(tmp_path):
    events: list = []

    def gone(_) -> None:
        raise Unavailable("no stream")

    keeper = open_keeper(tmp_path, emit=gone)
    for purpose, role in (("token", "oauth"), ("checkpoint", "audit")):
        key = await keeper.active(purpose)
        for _ in range(3):
            keeper.uses.take(key, role, "sign", keeper.clock())
            keeper.clock.now += 1
            flush_uses(keeper)
    keeper.emit = events.append
    flush_uses(keeper)
    told = [(one.purpose, one.count) for one in events if isinstance(one, KeyUsed)]
    assert told == [("token", 3)]  # those of the log's key are gathered for an hour
    again = open_keeper(tmp_path, emit=events.append)  # the one before is not closed: it was killed
    flush_uses(again)
    flush_uses(again, last=True)
    flush_uses(again, last=True)
    used = [one for one in events if isinstance(one, KeyUsed)]
    assert [(one.purpose, one.count) for one in used] == [("token", 3), ("checkpoint", 3)]
    assert [one.last_at - one.first_at for one in used] == [2, 2]


async def test_changes_that_were_not_told_are_by_the_look_after_keys(tmp_path):
    events: list = []

    def refuse(_: object) -> None:
        raise Unavailable("no journal")

    keeper = open_keeper(tmp_path, emit=refuse)
    await keeper.active("token")
    looking = asyncio.create_task(look_after(keeper, lambda: None, 0.01))
    keeper.emit = events.append
    async with asyncio.timeout(30):
        while keeper.ledger.untold(0):
            await asyncio.sleep(0.01)
    looking.cancel()
    assert [event.state for event in events] == ["pre-activation", "active"]


async def test_each_purpose_is_published_on_its_own(loaded: LoadedPolicy, tmp_path):
    where = loaded.places
    where.state.mkdir()
    clock = Clock()
    keeper = open_keeper(tmp_path, clock)
    token, other = await keeper.active("token"), await keeper.active("message-signature")
    publish(keeper, where)
    assert [key["kid"] for key in json.loads(where.jwks.read_bytes())["keys"]] == [token.kid]
    ours = where.published("message-signature")
    assert [key["kid"] for key in json.loads(ours.read_bytes())["keys"]] == [other.kid]
    assert not where.published("checkpoint").exists()
    before = where.jwks.stat()
    publish(keeper, where)
    assert where.jwks.stat().st_ino == before.st_ino


@pytest.fixture
def start(installation: Path, loaded: LoadedPolicy):
    running = []

    def starting():
        for path in (loaded.places.state, loaded.places.sockets, loaded.places.events_spill):
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
        running.append(
            subprocess.Popen(
                [sys.executable, "-m", "ringfence.app.role", "signer", str(installation)],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
        until = time.monotonic() + 30
        while not loaded.places.signer_socket("audit").exists():
            assert running[-1].poll() is None, running[-1].stdout.read()
            assert time.monotonic() < until
            time.sleep(0.02)
        return running[-1]

    yield starting
    for process in running:
        process.kill()
        process.wait()


async def test_the_process_signs_for_its_callers_and_comes_back_with_its_keys(start, loaded: LoadedPolicy):
    where = loaded.places
    where.keys.mkdir()
    create_signing_key(where.signing_key, "ES256")
    pem = where.signing_key.read_bytes()
    (jwk,) = LocalSigner.load(where.signing_key).public_jwks()["keys"]
    process = start()
    assert not where.signing_key.exists()
    client = SignerClient(where.signer_socket("oauth"), timeout=5)
    jws = JWS()
    jws.deserialize(await client.sign_token("token", "at+jwt", b'{"a":1}'))
    jws.verify(JWK(**jwk), alg="ES256")
    assert json.loads(where.jwks.read_bytes())["keys"] == [jwk]
    with pytest.raises(SignerRefused):
        await client.manage("list")
    admin = SignerClient(where.signer_socket("admin"))
    (listed,) = (await admin.manage("list")).document
    assert listed["kid"] == jwk["kid"]

    process.send_signal(signal.SIGKILL)
    first, _ = await asyncio.to_thread(process.communicate)
    assert "took over" in first
    with pytest.raises(Unavailable):
        await client.sign_token("token", "at+jwt", b"{}")
    where.signer_socket("audit").unlink()
    process = start()
    assert await client.sign_token("token", "at+jwt", b"{}")
    process.send_signal(signal.SIGTERM)
    out, _ = await asyncio.to_thread(process.communicate, timeout=10)
    assert process.returncode == 0
    assert not where.signer_socket("oauth").exists()
    secret = pem.split(b"\n")[1].decode()
    assert secret not in first + out
    assert not any(secret.encode() in path.read_bytes() for path in where.keys.iterdir())
    assert where.signer_ledger.stat().st_mode & 0o077 == 0


def test_a_signer_that_cannot_open_its_keys_says_so_without_a_traceback(installation: Path, loaded: LoadedPolicy):
    for path in (loaded.places.state, loaded.places.keys, loaded.places.events_spill):
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    loaded.places.root_key.write_text("{}")
    loaded.places.root_key.chmod(0o600)
    command = [sys.executable, "-m", "ringfence.app.role", "signer", str(installation)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert ended.returncode == 1
    assert "is damaged: put back its copy" in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr


async def test_a_start_with_a_suspended_key_publishes_none_and_makes_none(start, loaded: LoadedPolicy):
    where = loaded.places
    process = start()
    admin = SignerClient(where.signer_socket("admin"))
    until = time.monotonic() + 10
    while not (await admin.manage("list")).document:
        assert time.monotonic() < until
        await asyncio.sleep(0.02)
    await admin.manage("suspend", "token")
    assert json.loads(where.jwks.read_bytes()) == {"keys": []}
    process.kill()
    process.wait()
    where.signer_socket("audit").unlink()
    start()
    client = SignerClient(where.signer_socket("oauth"))
    with pytest.raises(SignerRefused, match="suspended"):
        await client.sign_token("token", "at+jwt", b"{}")
    await admin.manage("resume", "token")
    assert await client.sign_token("token", "at+jwt", b"{}")
    assert len((await admin.manage("list")).document) == 1
    assert len(json.loads(where.jwks.read_bytes())["keys"]) == 1


async def test_a_disk_that_takes_no_public_keys_does_not_undo_a_change(loaded: LoadedPolicy, tmp_path, capsys):
    keeper = open_keeper(tmp_path)
    keeper.on_change = lambda: publish_soon(keeper, loaded.places)  # whose directory is not there
    assert (await keeper.active("token")).state == "active"
    loaded.places.state.mkdir()
    publish(keeper, loaded.places)
    assert loaded.places.jwks.exists()


class Late:
    """A device that is not there at first."""

    name, threads = "local", 0

    def __init__(self, real, faults):
        self.real, self.faults = real, faults

    def __getattr__(self, verb):
        if self.faults:
            raise self.faults.pop()
        return getattr(self.real, verb)


async def test_a_device_that_comes_late_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr("ringfence.app.signer.LOOK_EVERY", 0.01)
    keeper = open_keeper(tmp_path)
    keeper.backends["local"] = Late(keeper.backends["local"], [BackendGone("no device"), BackendGone("no device")])
    await first_key(keeper, "token")
    assert [key.state for key in keeper.ledger.keys("token")] == ["active"]
    assert len(keeper.ledger.journeys()) == 1


async def test_a_key_for_payloads_is_published_where_an_operation_has_them_sealed(loaded: LoadedPolicy, tmp_path):
    keeper, where = open_keeper(tmp_path), loaded.places
    assert not seals_payloads(loaded)
    asked = SimpleNamespace(demands=SimpleNamespace(payload=PayloadEncryption(profile="jwe", request="required")))
    table = SimpleNamespace(operations=(*loaded.table.operations, asked))
    assert seals_payloads(msgspec.structs.replace(loaded, table=table))
    where.state.mkdir(parents=True, exist_ok=True)
    await first_key(keeper, "payload")
    publish(keeper, where)
    (jwk,) = json.loads(where.published("payload").read_bytes())["keys"]
    assert (jwk["use"], jwk["alg"], jwk["kty"]) == ("enc", "RSA-OAEP-256", "RSA")
    await replace(keeper, "payload", keeper.clock(), "test", "a test")
    publish(keeper, where)
    (new,) = json.loads(where.published("payload").read_bytes())["keys"]
    assert new["kid"] != jwk["kid"]


async def test_the_last_shredding_is_told_to_who_holds_keys(loaded: LoadedPolicy, tmp_path):
    where = loaded.places
    where.state.mkdir()
    keeper = open_keeper(tmp_path, Clock())
    keeper.on_change = lambda: publish_soon(keeper, where)
    compromise = Compromise(keeper, frozenset({11, 12}))
    wishes = []
    for tenant in ("client:a", "client:b"):
        await keeper.answer("gateway", Generate("data", Context(tenant, "/pan")))
        wish = compromise.wish_to_shred(tenant, "uid:0", "over")
        await compromise.approve(wish.wish_id, 11)
        assert not where.shredded.exists() or where.shredded.read_text() == wishes[-1]
        await compromise.approve(wish.wish_id, 12)
        assert where.shredded.read_text() == wish.wish_id
        wishes.append(wish.wish_id)
        keeper.clock.now += 1


@pytest.fixture
def sealing(installation: Path) -> None:
    text = installation.read_text()
    assert "{scopes: [things]}" in text
    sealed = "{scopes: [things], payload_encryption: {profile: jwe, request: required}}"
    installation.write_text(text.replace("{scopes: [things]}", sealed))


@pytest.mark.usefixtures("sealing")
async def test_a_running_signer_publishes_what_partners_seal_to_and_opens_for_the_gateway_alone(
    start, loaded: LoadedPolicy
):
    start()
    where = loaded.places
    async with asyncio.timeout(30):
        while not where.published("payload").exists():
            await asyncio.sleep(0.02)
    (jwk,) = json.loads(where.published("payload").read_bytes())["keys"]
    public = load_pem_public_key(JWK(**jwk).export_to_pem())
    assert isinstance(public, RSAPublicKey)
    wrapped = wrap(public, b"k" * 32)
    client = SignerClient(where.signer_socket("gateway"))
    keys = CustodyPayloads(client)
    assert (await keys.kids())[fingerprint(public)] == jwk["kid"]
    assert await keys.unwrap(jwk["kid"], wrapped, 32) == b"k" * 32
    await client.close()
    other = SignerClient(where.signer_socket("oauth"))
    with pytest.raises(SignerRefused):
        await other.open_key("payload", jwk["kid"], wrapped, 32)
    await other.close()
