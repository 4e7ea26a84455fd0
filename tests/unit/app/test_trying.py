"""A document under keys that are thrown away: as the API or the partner would get it."""

import json
from pathlib import Path
from typing import Any

import pytest
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

from ringfence.app.trying import ThrownAway, Tried, tried
from ringfence.clock import Instant
from ringfence.custody.wire import Context, SignerRefused
from ringfence.ids import system_random
from ringfence.problem import Refused
from ringfence.proofs.encryption_key import parse_encryption_jwk
from ringfence.protect.spots import Misfit
from tests.protected_bank import loaded

KEY = JWK.generate(kty="RSA", size=2048)
PUBLIC = parse_encryption_jwk(json.loads(KEY.export_public()) | {"kid": "t", "use": "enc"})


async def trying(directory: Path, name: str, body: Any, on: str, *scopes: str, profile: str = "jwe") -> Tried:
    policy = loaded(directory, profile)
    operation = next(one for one in policy.table.operations if one.operation_id == name)
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    now = Instant(1_800_000_000.0)
    return await tried(operation, raw, on, frozenset(scopes), PUBLIC, policy.policy, lambda: now, system_random)


def opened(text: str) -> tuple[Any, dict[str, Any]]:
    jwe = JWE(algs=["RSA-OAEP-256", "A128GCM", "A256GCM"])
    jwe.deserialize(text, KEY)
    return json.loads(jwe.payload), json.loads(jwe.objects["protected"])


async def test_a_request_as_the_api_would_get_it(tmp_path: Path) -> None:
    body = b'{"amount": 1.10, "to": {"iban": "x1", "name": "n"}, "lines": [{"text": "t"}]}'
    result = await trying(tmp_path, "pay", body, "request")
    became = json.loads(result.document)
    assert b'"amount":1.10' in result.document
    assert became["to"]["iban"].startswith("rf1.")
    assert len(became["to"]["iban_index"]) == 4
    assert became["to"]["name"] != "n"
    assert became["lines"] == [{"text": "t"}]
    found = [(field.at, field.mode, field.places) for field in result.fields]
    assert found == [("/to/iban", "blind_index", 1), ("/to/iban", "encrypt", 1), ("/to/name", "tokenise", 1)]
    assert result.misfits == ()


async def test_an_answer_as_the_partner_would_get_it(tmp_path: Path) -> None:
    body = {"to": {"iban": "x1"}, "lines": [{"text": "abcdefghij"}, {"text": "klmnopqrst"}]}
    became = json.loads((await trying(tmp_path, "pay", body, "answer")).document)
    assert [one["text"] for one in became["lines"]] == ["******ghij", "******qrst"]
    content, header = opened(became["to"]["iban"])
    assert (content, header["at"], header["iss"]) == ("x1", "/to/iban", "https://localhost:8443")
    cleared = json.loads((await trying(tmp_path, "pay", body, "answer", "see")).document)
    assert cleared["lines"] == body["lines"]


async def test_a_whole_answer_in_each_form(tmp_path: Path) -> None:
    body = {"to": {"iban": "x1"}}
    text = json.loads((await trying(tmp_path, "whole", body, "answer")).document)
    content, header = opened(text)
    assert (content, header["operation"]) == (body, "whole")
    member = json.loads((await trying(tmp_path, "whole", body, "answer", profile="visa-mle")).document)
    assert opened(member["encData"])[0] == body


async def test_what_a_call_would_be_refused_for(tmp_path: Path) -> None:
    with pytest.raises(Misfit):
        await trying(tmp_path, "pay", {"to": [{"iban": "x1"}]}, "request")
    with pytest.raises(Misfit):
        await trying(tmp_path, "pay", {"to": {"iban": "x1", "name": 7}}, "request")
    with pytest.raises(Refused):
        await trying(tmp_path, "pay", b'{"to": 1, "to": 2}', "request")
    result = await trying(tmp_path, "pay", {"amount": "1", "lines": [{"text": 1}]}, "request")
    assert result.misfits == ("/amount: type", "/lines/0/text: type")
    assert (await trying(tmp_path, "whole", {}, "request")).misfits == ("the operation takes no application/json",)


async def test_keys_are_of_this_process_and_of_this_try() -> None:
    custody = ThrownAway(system_random)
    made = await custody.generate("data", Context())
    assert await custody.open(made.data_key, Context()) == made
    await custody.forget(made.data_key)
    with pytest.raises(SignerRefused):
        await custody.open(made.data_key, Context())
