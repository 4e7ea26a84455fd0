import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from calls import NOW, operation, request
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from test_pipeline import World
from test_spend import Consents

from ringfence.gateway import pipeline
from ringfence.gateway.ports import NoResponseSigner
from ringfence.gateway.sign_answer import sign_answer, signing_key
from ringfence.gateway.stages import Constrained
from ringfence.message import Request, Response
from ringfence.policy.linking_model import Link, LinkMembers
from ringfence.problem import Reason, Refused
from ringfence.store.interface import Unavailable
from tests.signed_calls import ClientKey, content_digest, signed

URL = "https://api.example/a?x=1"


class Signer:
    def __init__(self) -> None:
        self.key = ClientKey("bank-1")
        self.gone = False

    async def kid(self) -> str:
        if self.gone:
            raise Unavailable("signer gone")
        return "bank-1"

    async def sign(self, kid: str, data: bytes) -> bytes:
        assert kid == "bank-1"
        if self.gone:
            raise Unavailable("signer gone")
        return self.key.sign(data)


def verified(key: ClientKey, response: Response, asked: Request) -> str:
    """Verify an answer by the letter of RFC 9421, with none of our code; return its parameters."""
    headers = dict(response.headers)
    params = headers["signature-input"].removeprefix("sig=")
    of_request = {
        '"@method";req': asked.method,
        '"@target-uri";req': f"{asked.scheme}://{asked.authority}{asked.target}",
        **{f'"{name}";req': asked.header(name) for name in ("content-digest", "signature", "signature-input")},
    }
    values = {'"@status"': str(response.status), '"content-digest"': headers.get("content-digest"), **of_request}
    covered = params[1 : params.index(")")].split(" ")
    base = "\n".join([*(f"{name}: {values[name]}" for name in covered), f'"@signature-params": {params}'])
    raw = base64.b64decode(headers["signature"].removeprefix("sig=:").removesuffix(":"))
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key.private.public_key().verify(der, base.encode(), ec.ECDSA(hashes.SHA256()))
    return params


async def test_an_answer_verifies_with_what_it_answers() -> None:
    signer, client = Signer(), ClientKey("k1")
    plain = (("authorization", "Bearer t"),)
    for headers in (plain, signed(client, "POST", URL, plain, b"{}", created=NOW)):
        asked = request("POST", query="x=1", headers=headers)
        answer = Response(201, (("content-type", "application/json"), ("signature", "theirs")), b'{"a":1}')
        response = await sign_answer(answer, asked, "bank-1", signer, NOW, 1024)
        assert response.body == b'{"a":1}'
        assert dict(response.headers)["content-digest"] == content_digest(b'{"a":1}')
        params = verified(signer.key, response, asked)
        assert params.endswith(f';created={int(NOW)};keyid="bank-1";tag="fapi-2-response"')
        assert ('"signature";req "signature-input";req' in params) is (len(headers) > 1)
        assert ('"content-digest";req' in params) is (len(headers) > 1)
        with pytest.raises(InvalidSignature):
            verified(signer.key, Response(200, response.headers, response.body), asked)


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def test_bodies_that_are_streamed_absent_or_too_long() -> None:
    signer, asked = Signer(), request("GET", query="x=1")
    streamed = await sign_answer(Response(200, (), pieces(b"a", b"b")), asked, "bank-1", signer, NOW, 1024)
    assert streamed.body == b"ab"
    verified(signer.key, streamed, asked)
    empty = await sign_answer(Response(204, ()), asked, "bank-1", signer, NOW, 1024)
    assert "content-digest" not in dict(empty.headers)
    verified(signer.key, empty, asked)
    with pytest.raises(Refused) as refused:
        await sign_answer(Response(200, (), pieces(b"a" * 2000)), asked, "bank-1", signer, NOW, 1024)
    assert refused.value.reason is Reason.UPSTREAM_UNDECLARED
    untouched = Response(200, (), b"x")
    assert await sign_answer(untouched, asked, "", signer, NOW, 1024) is untouched


async def test_only_an_operation_that_demands_it_asks_the_signer() -> None:
    assert await signing_key(operation(), NoResponseSigner()) == ""
    with pytest.raises(Unavailable):
        await signing_key(operation(demands={"response_signed": True}), NoResponseSigner())
    with pytest.raises(Unavailable):
        await NoResponseSigner().sign("k", b"")


async def test_without_the_signer_the_upstream_is_not_called(tmp_path: Path) -> None:
    world: Any = World(tmp_path, demands={"response_signed": True})
    reason, response = await world.refused(world.request())
    assert (reason, response.status, world.upstream.sent) == ("unavailable", 503, [])


async def test_without_the_signer_no_consent_is_used_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = Link(type="payment", members=LinkMembers(amount="/a", currency="/b", payee="/c"))
    world: Any = World(tmp_path, demands={"response_signed": True, "link": link})
    consents = Consents()
    world.gateway._ports = msgspec.structs.replace(world.gateway._ports, consents=consents)
    monkeypatch.setattr(pipeline, "constrain", lambda screened, _accepted, _now: Constrained(screened))
    reason, _ = await world.refused(world.request())
    assert (reason, consents.said) == ("unavailable", [])
    world.gateway._ports = msgspec.structs.replace(world.gateway._ports, response_signer=Signer())
    assert (await world.call(world.request())).status == 200
    assert consents.said[0].startswith("use ")
