"""Answers sealed to the caller's key, through the whole chain, and opened by libraries that are not ours."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from calls import NOW, json_body
from client_encryption.jwe_encryption import decrypt_payload
from client_encryption.jwe_encryption_config import JweEncryptionConfig
from jwcrypto.common import JWException
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK
from world import World

from ringfence.gateway.ports import KnownClient, NoClientKeys
from ringfence.gateway.seal import MOST_SEALED
from ringfence.message import Response
from ringfence.policy.rules_model import Idempotency
from ringfence.proofs.encryption_key import SEAL_ALGORITHMS, parse_encryption_jwk
from ringfence.proofs.jwk import parse_public_jwk
from tests.field_keys import Fields, field, open_fields
from tests.partner_pairs import pair, their_files
from tests.signed_calls import ClientKey, content_digest

PAN = "4111111111111111"
JSON = (("content-type", "application/json"),)
ANY = {"type": "object"}


class Partner:
    """The client's private keys, and what it has registered of them; it stands for the published rows."""

    def __init__(self) -> None:
        self.private = {
            "rsa": (JWK.generate(kty="RSA", size=2048), "RSA-OAEP-256"),
            "ec": (JWK.generate(kty="EC", crv="P-256"), "ECDH-ES+A256KW"),
            "x": (JWK.generate(kty="OKP", crv="X25519"), "ECDH-ES"),
        }
        self.registered: tuple[str, ...] = ("rsa",)
        self.gone = False

    def of(self, client_id: str) -> KnownClient | None:
        if self.gone:
            return NoClientKeys().of(client_id)
        if client_id != "client_a":
            return None
        jwks = [
            json.loads(key.export_public()) | {"kid": kid, "use": "enc", "alg": alg}
            for kid, (key, alg) in self.private.items()
            if kid in self.registered
        ]
        signing = parse_public_jwk(ClientKey("s1").jwk)
        return KnownClient({"s1": signing}, frozenset(), tuple(map(parse_encryption_jwk, jwks)))

    def open(self, text: str) -> tuple[bytes, dict[str, Any]]:
        jwe = JWE(algs=[*SEAL_ALGORITHMS, "A128GCM", "A256GCM"])
        jwe.deserialize(text)
        header = json.loads(jwe.objects["protected"])
        jwe.decrypt(self.private[header["kid"]][0])
        return jwe.payload, header


class Sealing:
    """A world whose one operation seals what it answers."""

    def __init__(self, directory: Path, fields: Fields | None = None, **op: Any) -> None:
        self.world = World(directory, method="POST", bodies=json_body(ANY), **op)
        self.partner = Partner()
        gateway = self.world.gateway
        more = {"protection": fields.protector} if fields is not None else {}
        gateway._ports = msgspec.structs.replace(gateway._ports, client_keys=self.partner, **more)
        self.accept(seal_algorithms=SEAL_ALGORITHMS)

    def accept(self, **changes: Any) -> None:
        rules = self.world.gateway._rules
        accepted = msgspec.structs.replace(rules.accepted, **changes)
        self.world.gateway.replace(msgspec.structs.replace(rules, accepted=accepted))

    def answers(self, body: Any, status: int = 200, headers: Any = JSON) -> None:
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        self.world.upstream.answer = Response(status, headers, content)

    async def call(self, *headers: tuple[str, str], body: Any = None, **token: Any) -> Response:
        asked = self.world.request(
            "POST", headers=(*JSON, *headers), token=self.world.caller.token(self.world.now, **token)
        )
        asked = msgspec.structs.replace(asked, correlation=f"{len(self.world.recorder.events)}-{id(asked)}")
        return await self.world.call(asked, msgspec.json.encode(body or {}))

    async def fields(self, *headers: tuple[str, str]) -> Any:
        response = await self.call(*headers)
        assert response.status == 200, response.body
        return msgspec.json.decode(response.body)


def told(response: Response) -> str:
    return str(msgspec.json.decode(response.body)["type"]).rpartition(":")[2]


def whole(profile: str = "jwe", **more: Any) -> dict[str, Any]:
    return {"demands": {"answer_sealed": profile, **more}}


@pytest.fixture
async def fields(tmp_path: Path) -> AsyncIterator[Fields]:
    opened = await open_fields(tmp_path)
    yield opened
    await opened.records.close()


async def test_a_field_leaves_as_a_jwe_that_says_whom_it_is_for_and_where_it_belongs(tmp_path: Path) -> None:
    sealing = Sealing(tmp_path, protected=(field("/cards/*/pan", "seal", "answer"), field("/name", "seal", "answer")))
    sealing.answers({"cards": [{"pan": PAN}, {"pan": None}, {"pan": {"n": 1.10}}], "amount": 1, "name": "é"})
    answer = await sealing.fields()
    assert (answer["amount"], answer["cards"][1]) == (1, {"pan": None})
    content, header = sealing.partner.open(answer["cards"][0]["pan"])
    assert json.loads(content) == PAN
    assert header == {
        "alg": "RSA-OAEP-256",
        "enc": "A256GCM",
        "kid": "rsa",
        "iss": "https://issuer.example",
        "aud": "client_a",
        "operation": "GetA",
        "iat": int(NOW),
        "cty": "application/json",
        "at": "/cards/*/pan",
    }
    assert json.loads(sealing.partner.open(answer["cards"][2]["pan"])[0]) == {"n": 1.10}
    assert json.loads(sealing.partner.open(answer["name"])[0]) == "é"
    event = sealing.world.recorder.events[-1]
    assert event.sealed_to == "rsa"
    assert PAN not in str(event)


async def test_a_whole_answer_leaves_as_jose(tmp_path: Path) -> None:
    sealing = Sealing(tmp_path, **whole())
    exact = b'{ "pan" : "4111" }'
    about = (("content-length", "18"), ("etag", '"1"'), ("x-request-id", "r1"))
    sealing.answers(exact, 201, (*JSON, *about))
    response = await sealing.call()
    headers = dict(response.headers)
    assert (response.status, headers["content-type"], headers["x-request-id"]) == (201, "application/jose", "r1")
    assert not {"content-length", "etag"} & headers.keys()
    assert isinstance(response.body, bytes)
    content, header = sealing.partner.open(response.body.decode())
    assert content == exact
    assert (header["aud"], header["operation"], header["cty"]) == ("client_a", "GetA", "application/json")
    assert "at" not in header


async def test_any_type_is_sealed_as_a_whole_and_errors_of_the_api_too(tmp_path: Path) -> None:
    sealing = Sealing(tmp_path, **whole())
    sealing.answers(b"%PDF", 404, (("content-type", "application/pdf"),))
    response = await sealing.call()
    assert response.status == 404
    content, header = sealing.partner.open(response.body.decode())  # type: ignore[union-attr]
    assert (content, header["cty"]) == (b"%PDF", "application/pdf")
    sealing.answers(b"", 204, ())
    assert (await sealing.call()).body == b""


@pytest.mark.parametrize(
    ("profile", "member", "enc"),
    [("mastercard-jwe", "encryptedValue", "A256GCM"), ("visa-mle", "encData", "A128GCM")],
)
async def test_card_schemes_have_a_member_for_it(tmp_path: Path, profile: str, member: str, enc: str) -> None:
    sealing = Sealing(tmp_path, **whole(profile))
    sealing.partner.registered = ("ec", "rsa")
    sealing.answers({"pan": PAN})
    response = await sealing.call()
    assert dict(response.headers)["content-type"] == "application/json"
    content, header = sealing.partner.open(msgspec.json.decode(response.body)[member])
    assert (json.loads(content), header["enc"], header["kid"]) == ({"pan": PAN}, enc, "rsa")
    assert dict(response.headers).get("keyid", "rsa") == "rsa"
    sealing.answers(b"text", headers=(("content-type", "text/plain"),))
    assert told(await sealing.call()) == "upstream-field"


async def test_mastercards_own_library_opens_it(tmp_path: Path) -> None:
    sealing = Sealing(tmp_path, **whole("mastercard-jwe"))
    key = JWK.from_pyca(pair("theirs"))
    sealing.partner.private["rsa"] = (key, "RSA-OAEP-256")
    sealing.answers({"card": {"pan": PAN}})
    answer = msgspec.json.decode((await sealing.call()).body)
    settings = {"paths": {"$": {"toEncrypt": {}, "toDecrypt": {"encryptedValue": "$"}}}}
    library = JweEncryptionConfig(
        settings | {"encryptedValueFieldName": "encryptedValue"} | their_files(tmp_path, "ours", "theirs")
    )
    assert decrypt_payload(answer, library) == {"card": {"pan": PAN}}


@pytest.mark.parametrize(
    ("registered", "allowed", "kid"),
    [
        (("rsa", "ec", "x"), SEAL_ALGORITHMS, "rsa"),
        (("rsa", "ec", "x"), ("ECDH-ES+A256KW", "RSA-OAEP-256"), "ec"),
        (("rsa", "ec", "x"), ("ECDH-ES",), "x"),
        (("ec",), SEAL_ALGORITHMS, "ec"),
        (("ec",), ("RSA-OAEP-256",), ""),
        ((), SEAL_ALGORITHMS, ""),
    ],
)
async def test_the_policys_order_chooses_among_the_partners_keys(
    tmp_path: Path, registered: tuple[str, ...], allowed: tuple[Any, ...], kid: str
) -> None:
    sealing = Sealing(tmp_path, **whole())
    sealing.partner.registered = registered
    sealing.accept(seal_algorithms=allowed, seal_content="A128GCM")
    response = await sealing.call()
    if not kid:
        assert (response.status, told(response)) == (403, "encryption-key")
        assert ", ".join(allowed) in msgspec.json.decode(response.body)["detail"]
        return
    _, header = sealing.partner.open(response.body.decode())  # type: ignore[union-attr]
    assert (header["kid"], header["enc"]) == (kid, "A128GCM")


@pytest.mark.parametrize("op", [whole(), {"protected": (field("/pan", "seal", "answer"),)}])
async def test_without_a_key_nothing_is_sent_and_nothing_taken(
    tmp_path: Path, fields: Fields, op: dict[str, Any]
) -> None:
    op = {**op, "demands": {**op.get("demands", {}), "idempotency": Idempotency(header="idempotency-key")}}
    sealing = Sealing(tmp_path, fields, **op)
    sealing.answers({"pan": PAN})
    sealing.partner.registered = ()
    key = ("idempotency-key", "k1")
    assert told(await sealing.call(key)) == "encryption-key"
    event = sealing.world.recorder.events[-1]
    assert (event.reason, event.sealed_to) == ("encryption-key", "")
    assert told(await sealing.call(key, client_id="client_b")) == "encryption-key"
    sealing.partner.gone = True
    assert (await sealing.call(key)).status == 503
    assert sealing.world.upstream.sent == []
    sealing.partner.gone, sealing.partner.registered = False, ("rsa",)
    assert (await sealing.call(key)).status == 200
    assert len(sealing.world.upstream.sent) == 1


@pytest.mark.parametrize("op", [whole(), {"protected": (field("/pan", "seal", "answer"),)}])
async def test_a_kept_answer_is_sealed_anew_to_the_key_of_now(
    tmp_path: Path, fields: Fields, op: dict[str, Any]
) -> None:
    op = {**op, "demands": {**op.get("demands", {}), "idempotency": Idempotency(header="idempotency-key")}}
    sealing = Sealing(tmp_path, fields, **op)
    sealing.answers({"pan": PAN})
    key = ("idempotency-key", "k1")
    first = await sealing.call(key)
    sealing.partner.registered = ("x",)
    again = await sealing.call(key)
    assert dict(again.headers)["idempotent-replayed"] == "true"
    assert len(sealing.world.upstream.sent) == 1
    kids = [sealing.partner.open(_text(one))[1]["kid"] for one in (first, again)]
    assert kids == ["rsa", "x"]
    assert {PAN in str(sealing.partner.open(_text(one))[0]) for one in (first, again)} == {True}
    assert files_with(tmp_path, PAN.encode()) == []


def files_with(directory: Path, text: bytes) -> list[Path]:
    return [path for path in directory.rglob("*.mdb") if text in path.read_bytes()]


def _text(response: Response) -> str:
    assert isinstance(response.body, bytes)
    return response.body.decode() if response.body[:1] == b"e" else str(json.loads(response.body)["pan"])


async def test_what_was_kept_under_our_key_is_opened_and_sealed_for_the_partner(tmp_path: Path, fields: Fields) -> None:
    names = {"resource": "card", "field": "pan"}
    protected = (
        field("/pan", "encrypt", "request", **names),
        field("/pan", "open", "answer", **names),
        field("/pan", "seal", "answer"),
    )
    sealing = Sealing(tmp_path, fields, protected=protected)
    await sealing.call(body={"pan": PAN})
    stored = json.loads(sealing.world.upstream.sent[0][3])
    assert stored["pan"].startswith("rf1.")
    sealing.answers(stored)
    assert json.loads(sealing.partner.open((await sealing.fields())["pan"])[0]) == PAN


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ([PAN], JSON, 200),
        ({"cards": PAN}, JSON, 200),
        ({"cards": [{"pan": PAN}] * (MOST_SEALED + 1)}, JSON, 200),
        (b'{"cards":[], "cards":[{"pan":"1"}]}', JSON, 200),
        (b"not json", JSON, 200),
        (PAN.encode(), (("content-type", "text/plain"),), 200),
        ({"cards": []}, (*JSON, ("content-encoding", "gzip")), 200),
    ],
)
async def test_what_cannot_be_sealed_for_sure_stays_inside(
    tmp_path: Path, body: Any, headers: Any, status: int
) -> None:
    sealing = Sealing(tmp_path, protected=(field("/cards/*/pan", "seal", "answer"),))
    sealing.answers(body, status, headers)
    response = await sealing.call()
    assert (response.status, told(response)) == (502, "upstream-field")
    assert PAN.encode() not in response.body  # type: ignore[operator]


async def test_an_error_in_which_no_field_can_be_found_loses_its_body(tmp_path: Path) -> None:
    sealing = Sealing(tmp_path, protected=(field("/cards/*/pan", "seal", "answer"),))
    sealing.answers(PAN.encode(), 404, (("content-type", "text/plain"),))
    response = await sealing.call()
    assert (response.status, response.body) == (404, b"")


async def test_a_longer_body_than_is_read_stays_inside(tmp_path: Path) -> None:
    sealing = Sealing(tmp_path, **whole())
    sealing.answers(b'"' + b"a" * 1_048_576 + b'"')
    assert told(await sealing.call()) == "upstream-field"


async def test_a_signature_covers_what_was_sealed(tmp_path: Path) -> None:
    sealing = Sealing(tmp_path, **whole(response_signed=True))
    sealing.world.gateway._ports = msgspec.structs.replace(sealing.world.gateway._ports, response_signer=Signer())
    response = await sealing.call()
    assert isinstance(response.body, bytes)
    headers = dict(response.headers)
    assert headers["content-type"] == "application/jose"
    assert headers["content-digest"] == content_digest(response.body)
    assert "content-digest" in headers["signature-input"]


class Signer:
    async def kid(self) -> str:
        return "k1"

    async def sign(self, kid: str, data: bytes) -> bytes:
        return b"s" * 64


async def test_of_many_at_once_each_gets_what_only_it_opens(tmp_path: Path) -> None:
    sealing = Sealing(tmp_path, **whole())
    sealing.answers({"n": PAN})
    texts = [one.body.decode() for one in await asyncio.gather(*(sealing.call() for _ in range(20)))]  # type: ignore[union-attr]
    assert len({text.split(".")[1] for text in texts}) == 20
    assert {sealing.partner.open(text)[0] for text in texts} == {msgspec.json.encode({"n": PAN})}


async def test_refusals_of_ours_are_in_clear_and_hold_nothing(tmp_path: Path) -> None:
    sealing = Sealing(tmp_path, **whole())
    response = await sealing.call(scope="other")
    assert (response.status, told(response)) == (403, "scope-missing")


async def test_an_answer_for_another_call_shows_it(tmp_path: Path) -> None:
    """Whoever changes what the header says, breaks the tag."""
    sealing = Sealing(tmp_path, **whole())
    text = (await sealing.call()).body.decode()  # type: ignore[union-attr]
    header, rest = text.split(".", 1)
    other = JWK.generate(kty="RSA", size=2048)
    for changed in (header[:-2] + "AA." + rest,):
        with pytest.raises((JWException, ValueError)):
            sealing.partner.open(changed)
    sealing.partner.private["rsa"] = (other, "RSA-OAEP-256")
    with pytest.raises(JWException):
        sealing.partner.open(text)
