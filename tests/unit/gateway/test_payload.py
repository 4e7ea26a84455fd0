"""Sealed bodies on their way through the whole chain, with a real signer's keys and the partners' own library."""

import asyncio
import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from calls import NOW, json_body
from client_encryption.jwe_encryption import encrypt_payload
from client_encryption.jwe_encryption_config import JweEncryptionConfig
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from world import World

from ringfence.app.payload_keys import CustodyPayloads
from ringfence.custody.wire import OpenKey, Public, Refusal, SignerRefused
from ringfence.gateway.payload import meant_here
from ringfence.gateway.ports import NoPayloadKeys
from ringfence.ids import system_random
from ringfence.message import Response
from ringfence.policy.payload_model import PayloadEncryption
from ringfence.policy.rules_model import Facts, Idempotency, Rule
from ringfence.proofs.segments import encode_segment
from ringfence.protect.partner_keys import NotOpened, fingerprint, wrap
from ringfence.protect.partner_profiles import REQUESTS
from ringfence.store.interface import Unavailable
from tests.keys_fixture import open_keeper
from tests.partner_pairs import certificate, pair, their_files

URL = "https://api.example/a"
PAYMENT = {
    "type": "object",
    "properties": {"amount": {"type": "string"}, "card": {"type": "object"}, "note": {"type": "string"}},
    "additionalProperties": False,
}
CLEAR = {"amount": "1.00"}
ONE_ANSWER = "payload-unopened"


class Custody:
    """The signer without its socket: the keeper's own answers, and a way to lose it."""

    def __init__(self, directory: Path) -> None:
        self.keeper = open_keeper(directory)
        self.gone = False
        self.opened = 0

    async def ask(self, request: Any) -> Any:
        if self.gone:
            raise Unavailable("signer gone")
        reply = await self.keeper.answer("gateway", request)
        if isinstance(reply, Refusal):
            raise SignerRefused(reply.kind, reply.message)
        return reply

    async def public(self, purpose: str) -> Any:
        return (await self.ask(Public(purpose))).keys

    async def open_key(self, purpose: str, kid: str, wrapped: bytes, size: int) -> bytes:
        self.opened += 1
        return (await self.ask(OpenKey(purpose, kid, wrapped, size))).secret


class Sealed:
    """A world whose one operation takes sealed bodies."""

    def __init__(self, directory: Path, profile: str = "mastercard-jwe", at: Any = None, **demands: Any) -> None:
        asked = PayloadEncryption(profile=profile, request="required", **({"at": at} if at else {}))  # type: ignore[arg-type]
        demands = {"payload": asked, "facts": Facts(amount="/amount", currency="header.x-currency")} | demands
        self.world = World(directory, method="POST", bodies=json_body(PAYMENT), demands=demands)
        self.custody = Custody(directory)
        self.keys = CustodyPayloads(self.custody)  # type: ignore[arg-type]
        self.world.gateway._ports = msgspec.structs.replace(self.world.gateway._ports, payloads=self.keys)
        self.profile = REQUESTS[profile]

    async def key(self) -> tuple[str, rsa.RSAPublicKey]:
        first = (await self.custody.public("payload"))[0]
        public = load_der_public_key(first.spki)
        assert isinstance(public, rsa.RSAPublicKey)
        return first.kid, public

    async def seal(self, content: bytes | None = None, /, enc: str = "", size: int = 0, **says: Any) -> str:
        """Return a JWE by the letter of RFC 7516 §5.1, with none of our code but the OAEP call."""
        kid, public = await self.key()
        enc = enc or self.profile.seals
        header = self.profile.header(enc, kid, NOW)
        if not self.profile.member:
            header |= {"iss": "client_a", "aud": URL}
        header = {name: value for name, value in (header | says).items() if value is not None}
        secret, iv = system_random(size or {"A128GCM": 16, "A256GCM": 32}.get(enc, 32)), system_random(12)
        first = encode_segment(json.dumps(header).encode())
        content = json.dumps(CLEAR).encode() if content is None else content
        sealed = AESGCM(secret).encrypt(iv, content, first.encode())
        return ".".join((first, *map(encode_segment, (wrap(public, secret), iv, sealed[:-16], sealed[-16:]))))

    async def send(
        self, body: bytes | str | dict[str, Any], *more: tuple[str, str], media: str = "", **req: Any
    ) -> Response:
        raw = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        media = media or ("application/json" if self.profile.member else "application/jose")
        asked = self.world.request("POST", headers=(("content-type", media), *more), **req)
        asked = msgspec.structs.replace(asked, correlation=f"{len(self.world.recorder.events)}-{id(asked)}")
        return await self.world.call(asked, raw)

    async def told(self, body: Any, *more: tuple[str, str], **req: Any) -> str:
        """Return why a body was refused; nothing went out then, and the answer tells no more than the reason."""
        sent = len(self.world.upstream.sent)
        response = await self.send(body, *more, **req)
        assert len(self.world.upstream.sent) == sent
        document = msgspec.json.decode(response.body)
        reason = document["type"].rpartition(":")[2]
        if reason == ONE_ANSWER:
            assert response.status == 400
            assert set(document) == {"type", "title", "status", "correlation_id"}
        return str(reason)

    @property
    def last(self) -> tuple[dict[str, str], Any]:
        _, _, headers, body = self.world.upstream.sent[-1]
        return dict(headers), json.loads(body)


def made(directory: Path) -> Path:
    directory.mkdir()
    return directory


def wrapped(world: Sealed, text: str) -> bytes:
    return json.dumps({world.profile.member: text}).encode() if world.profile.member else text.encode()


@pytest.mark.parametrize("profile", REQUESTS)
async def test_the_api_gets_the_clear_body_and_nothing_about_the_sealed_one(tmp_path: Path, profile: str) -> None:
    world = Sealed(tmp_path, profile)
    digest = ("content-digest", "sha-256=:AAAA:")
    response = await world.send(
        wrapped(world, await world.seal(iat=_iat(profile))), digest, ("x-jws-signature", "a..b")
    )
    assert response.status == 200
    headers, body = world.last
    assert body == CLEAR
    assert headers["content-type"] == "application/json"
    assert not {"content-digest", "x-jws-signature"} & headers.keys()
    assert [used.operation for used in world.custody.keeper.uses.flush()] == ["open-key"]


def _iat(profile: str) -> Any:
    return {"mastercard-jwe": None, "visa-acceptance": str(int(NOW))}.get(profile, int(NOW))


@pytest.mark.parametrize(
    ("at", "config", "clear", "sent"),
    [
        ({"$": "$"}, {"$": "$"}, {"amount": "1.00"}, {"amount": "1.00"}),
        (
            {"encryptedCard": "card"},
            {"card": "encryptedCard"},
            {"amount": "1.00", "card": {"number": "5105105105105100", "cvv": "123"}},
            {"amount": "1.00", "card": {"number": "5105105105105100", "cvv": "123"}},
        ),
        ({"payload": "$"}, {"$": "payload"}, {"amount": "1.00", "note": "n"}, {"amount": "1.00", "note": "n"}),
    ],
)
async def test_what_mastercards_own_library_seals_reaches_the_api(
    tmp_path: Path, at: Any, config: Any, clear: Any, sent: Any
) -> None:
    world = Sealed(tmp_path, at=at)
    _, public = await world.key()
    own = certificate("theirs")
    made = (
        x509.CertificateBuilder(own.subject, own.subject, public, 1, own.not_valid_before_utc, own.not_valid_after_utc)
    ).sign(pair("theirs"), own.signature_hash_algorithm)  # type: ignore[arg-type]
    files = their_files(tmp_path, "theirs", "ours")
    (tmp_path / "seal.pem").write_bytes(made.public_bytes(Encoding.PEM))
    settings = {"paths": {"$": {"toEncrypt": config, "toDecrypt": {}}}, "encryptedValueFieldName": "encryptedValue"}
    library = JweEncryptionConfig(settings | files)
    assert library.encryption_key_fingerprint == fingerprint(public)
    assert (await world.send(encrypt_payload(json.loads(json.dumps(clear)), library))).status == 200
    assert world.last[1] == sent


async def test_numbers_and_texts_arrive_as_they_were_sealed(tmp_path: Path) -> None:
    world = Sealed(tmp_path, at={"sealed": "card"})
    text = await world.seal(b'{"n":1.10,"big":123456789012345678901234567890,"t":"\xc3\xa9"}')
    assert (await world.send({"sealed": {"encryptedValue": text}})).status == 200
    assert b'"n":1.10,"big":123456789012345678901234567890' in world.world.upstream.sent[-1][3]
    world = Sealed(made(tmp_path / "2"))
    exact = b'{ "amount" : "1.00" }'
    await world.send(wrapped(world, await world.seal(exact)))
    assert world.world.upstream.sent[-1][3] == exact


async def test_schema_rules_and_screening_read_what_was_sealed(tmp_path: Path) -> None:
    world = Sealed(tmp_path)
    for content, reason in (
        (b'{"amount":1}', "body-invalid"),
        (b'{"other":"x"}', "body-invalid"),
        (b'{"amount":"1","amount":"2"}', "json-duplicate-key"),
        (b'{"amount":"1.00"', "json-malformed"),
        (b"[" * 200, "json-malformed"),
        (b'{"card":' + b'{"a":' * 20 + b"1" + b"}" * 21, "json-too-deep"),
        (b"\xff\xfe", "json-malformed"),
        (b"", "json-malformed"),
    ):
        assert await world.told(wrapped(world, await world.seal(content))) == reason
    for body, reason in ((CLEAR, ONE_ANSWER), ([], ONE_ANSWER), ("{", "json-malformed"), ("text", "json-malformed")):
        assert await world.told(body) == reason
    assert await world.told(wrapped(world, await world.seal()), media="text/plain") == "media-type"
    assert await world.told(b"x" * 70_000) == "body-too-large"


HOSTILE = b"1' or '1'='1"


@pytest.mark.parametrize("profile", REQUESTS)
async def test_free_text_that_was_sealed_is_screened(tmp_path: Path, profile: str) -> None:
    world = Sealed(tmp_path, profile)
    text = await world.seal(b'{"amount":"1.00","note":"%s"}' % HOSTILE, iat=_iat(profile))
    assert await world.told(wrapped(world, text)) == "suspicious-text"
    assert world.world.recorder.events[-1].private == "/note=sql"


@pytest.mark.parametrize("profile", REQUESTS)
async def test_a_rule_reads_the_amount_that_was_sealed(tmp_path: Path, profile: str) -> None:
    small = msgspec.convert({"name": "small", "amount": {"GBP": {"at_most": "5.00"}}}, Rule)
    world = Sealed(tmp_path, profile, rules=(small,), facts=Facts(amount="/amount", currency="/note"))
    for amount, reason in ((b"5.01", "amount-out-of-bounds"), (b"5.00", "")):
        body = wrapped(world, await world.seal(b'{"amount":"%s","note":"GBP"}' % amount, iat=_iat(profile)))
        if reason:
            assert await world.told(body) == reason
        else:
            assert (await world.send(body)).status == 200


def _changed(part: int, change: Callable[[bytes], bytes]) -> Callable[[str], str]:
    def made(text: str) -> str:
        parts = text.split(".")
        parts[part] = encode_segment(change(base64.urlsafe_b64decode(parts[part] + "==")))
        return ".".join(parts)

    return made


def _flip(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize(
    "forged",
    [
        *(_changed(part, _flip) for part in (1, 2, 3, 4)),
        *(_changed(4, lambda tag, size=size: tag[:size]) for size in (0, 4, 12, 15)),  # type: ignore[misc]
        _changed(4, lambda tag: tag + b"\0"),
        _changed(1, lambda _: b""),
        _changed(1, lambda key: key[:-1]),
        _changed(1, lambda key: key + b"\0" * 8000),
        _changed(2, lambda _: b""),
        _changed(0, lambda header: header.replace(b"RSA-OAEP-256", b"RSA-OAEP")),
        _changed(0, lambda header: header.replace(b"RSA-OAEP-256", b"RSA1_5")),
        _changed(0, lambda header: header.replace(b"A256GCM", b"A128GCM")),
        _changed(0, lambda header: header.replace(b"A256GCM", b"A256CBC-HS512")),
        _changed(0, lambda header: header.replace(b'"alg": "RSA-OAEP-256"', b'"alg": "dir"')),
        _changed(0, lambda header: b" " + header),
        lambda text: text + ".",
        lambda text: text.rpartition(".")[0],
        lambda text: text.replace(".", "..", 1),
        lambda _: "",
        lambda _: "....",
        lambda text: "é" + text,
    ],
)
async def test_whatever_is_forged_is_refused_alike(tmp_path: Path, forged: Callable[[str], str]) -> None:
    world = Sealed(tmp_path)
    assert await world.told(wrapped(world, forged(await world.seal()))) == ONE_ANSWER


async def test_headers_that_are_not_taken(tmp_path: Path) -> None:
    world = Sealed(tmp_path)
    for says in (
        {"zip": "DEF"},
        {"crit": ["x"]},
        {"jwk": {}},
        {"kid": "other"},
        {"kid": None},
        {"kid": ["a"]},
        {"alg": None},
        {"enc": "A128CBC-HS256"},
        {"iss": "client_b"},
        {"aud": "https://api.example/b"},
        {"aud": [URL, "https://api.example/b"]},
    ):
        assert await world.told(wrapped(world, await world.seal(**says))) == ONE_ANSWER
    token = (await world.custody.keeper.active("token")).kid
    assert await world.told(wrapped(world, await world.seal(kid=token))) == ONE_ANSWER
    assert await world.told(wrapped(world, await world.seal(size=16))) == ONE_ANSWER
    assert await world.told({"encryptedValue": 1}) == ONE_ANSWER
    assert (await world.send(wrapped(world, await world.seal(iss="client_a", aud=URL)))).status == 200


async def test_a_ciphertext_that_somebody_else_replays_tells_nothing_where_its_header_names_its_place(
    tmp_path: Path,
) -> None:
    world = Sealed(tmp_path, "jwe")
    text = await world.seal()
    other = world.world.caller.token(NOW, client_id="client_b")
    assert await world.told(text, token=other) == ONE_ANSWER
    assert (await world.send(text)).status == 200
    for says in (
        {"iss": None},
        {"aud": None},
        {"aud": "https://api.example/b"},
        {"iat": int(NOW) - 200},
        {"iat": None},
    ):
        assert await world.told(await world.seal(**says)) == ONE_ANSWER
    with pytest.raises(NotOpened):
        meant_here({"iss": "client_a"}, "client_a", URL, demanded=True)
    assert await world.told(json.dumps({"encryptedValue": text}), media="application/json") == "media-type"
    assert await world.told(json.dumps({"encryptedValue": text})) == ONE_ANSWER


async def test_nothing_in_clear_stands_in_for_what_is_sealed(tmp_path: Path) -> None:
    world = Sealed(tmp_path, at={"sealed": "card"})
    text = await world.seal(b'{"number":"1"}')
    one = {"sealed": {"encryptedValue": text}}
    for body in (
        {"card": {"number": "1"}},
        one | {"card": {"number": "2"}},
        {"sealed": {"encryptedValue": text, "number": "2"}},
        {"sealed": text},
        {"sealed": None},
        {"encryptedValue": text},
    ):
        assert await world.told(body) == ONE_ANSWER
    assert (await world.send(one | {"amount": "2.00"})).status == 200
    world = Sealed(made(tmp_path / "2"))
    assert await world.told({"encryptedValue": await world.seal(), "amount": "9.00"}) == ONE_ANSWER
    world = Sealed(made(tmp_path / "3"), at={"sealed": "$"})
    body = {"sealed": {"encryptedValue": await world.seal()}}
    assert await world.told(body | {"amount": "9.00"}) == ONE_ANSWER
    assert await world.told({"sealed": {"encryptedValue": await world.seal(b'"text"')}}) == ONE_ANSWER
    assert (await world.send(body | {"note": "n"})).status == 200
    world = Sealed(made(tmp_path / "4"), at={"sealed": "note.deep"})
    assert await world.told({"sealed": {"encryptedValue": await world.seal()}, "note": "n"}) == ONE_ANSWER


async def test_without_the_signer_nothing_is_sent_or_taken(tmp_path: Path) -> None:
    world = Sealed(tmp_path, idempotency=Idempotency(header="idempotency-key", required=True))
    key = ("idempotency-key", "k1")
    body = wrapped(world, await world.seal())
    assert (await world.send(body, key)).status == 200
    world.custody.gone = True
    assert await world.told(body, ("idempotency-key", "k2")) == "unavailable"
    world.keys._asked = -100.0  # type: ignore[assignment]
    assert await world.told(body, ("idempotency-key", "k2")) == "unavailable"
    world.custody.gone = False
    assert (await world.send(body, ("idempotency-key", "k2"))).status == 200
    again = await world.send(wrapped(world, await world.seal()), key)  # sealed anew, and the same call all the same
    assert (again.status, dict(again.headers)["idempotent-replayed"], len(world.world.upstream.sent)) == (
        200,
        "true",
        2,
    )
    changed = wrapped(world, await world.seal(b'{"amount":"2.00"}'))
    assert await world.told(changed, key) == "idempotency-mismatch"
    for ask in (NoPayloadKeys().kids(), NoPayloadKeys().unwrap("k", b"", 16)):
        with pytest.raises(Unavailable):
            await ask


async def test_an_operation_without_it_never_asks_the_signer_and_an_absent_body_stays_absent(tmp_path: Path) -> None:
    plain = World(tmp_path, method="POST", bodies=json_body(PAYMENT))
    request = plain.request("POST", headers=(("content-type", "application/json"),))
    assert (await plain.call(request, json.dumps(CLEAR).encode())).status == 200
    world = Sealed(made(tmp_path / "2"))
    world.custody.gone = True
    assert (await world.send(b"")).status == 200
    assert world.world.upstream.sent[-1][3] == b""


async def test_many_at_once_each_get_their_own_content(tmp_path: Path) -> None:
    world = Sealed(tmp_path)
    bodies = [wrapped(world, await world.seal(b'{"amount":"%d"}' % number)) for number in range(24)]
    broken = wrapped(world, _changed(4, _flip)(await world.seal()))
    answers = await asyncio.gather(*(world.send(body) for one in bodies for body in (one, broken)))
    assert [answer.status for answer in answers] == [200, 400] * 24
    amounts = [json.loads(body)["amount"] for *_, body in world.world.upstream.sent]
    assert sorted(amounts, key=int) == [str(number) for number in range(24)]
    assert world.custody.opened == 48
