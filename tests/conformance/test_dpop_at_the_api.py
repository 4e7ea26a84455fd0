"""fapi2-security-profile-final-dpop-negative-tests and what else the modules ask of the resource, at the gateway.

Tokens come from the authorization server; the gateway is the whole chain, behind its ASGI way in,
over the same shared state; only the API behind it is played.
"""

import base64
import importlib.util
import json
import secrets
from pathlib import Path

import httpx
import pytest
from jwcrypto.jwk import JWK

from ringfence.message import Response

_spec = importlib.util.spec_from_file_location("gateway_behind", Path(__file__).parent / "behind.py")
behind = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(behind)
ORIGIN = behind.ORIGIN
URL = f"{ORIGIN}/accounts"
DOCUMENT = b"""\
openapi: 3.1.0
info: {title: Bank, version: "1"}
paths:
  /accounts:
    get:
      operationId: GetAccounts
      parameters: [{name: page, in: query, schema: {type: integer}}]
      responses: {"200": {description: Accounts}}
  /payments:
    get: {operationId: GetPayments, responses: {"200": {description: Payments}}}
"""
VERSION = {
    "name": "v1",
    "openapi": "bank.yaml",
    "upstream": {"url": "http://127.0.0.1:9"},
    "defaults": {"scopes": ["accounts"]},
    "operations": {"GetPayments": {"dpop_nonce": "required"}},
}


class Upstream:
    """The API behind: it answers everything, with the date and the interaction id that it was given."""

    def __init__(self) -> None:
        self.sent: list[dict[str, str]] = []

    async def send(self, name, upstream, method, target, headers, body) -> Response:
        self.sent.append(dict(headers))
        told = [field for field in headers if field[0] == "x-fapi-interaction-id"]
        return Response(200, (("content-type", "application/json"), *told), b"{}")


class Api:
    def __init__(self, bank) -> None:
        self.bank = bank
        self.upstream = Upstream()
        opened = bank.with_policy(apis=[{"name": "bank", "versions": [VERSION]}])
        self.http = behind.client_of(opened, DOCUMENT, self.upstream)
        self.token = ""

    async def call(self, *proofs: str, scheme: str = "DPoP", path: str = "/accounts", **headers: str) -> httpx.Response:
        fields = [("authorization", f"{scheme} {self.token}"), *(("dpop", proof) for proof in proofs)]
        return await self.http.get(path, headers=[*fields, *headers.items()])

    def proof(self, url: str = URL, **changes) -> str:
        return self.bank.partner.proof(url, "GET", **({"token": self.token} | changes))

    async def refused(self, *proofs: str, scheme: str = "DPoP") -> None:
        sent = len(self.upstream.sent)
        answer = await self.call(*proofs, scheme=scheme)
        assert answer.status_code in (400, 401), answer.text
        if answer.status_code == 401:
            assert answer.headers["www-authenticate"].startswith("DPoP ")
        assert "use_dpop_nonce" not in answer.headers.get("www-authenticate", "")
        assert len(self.upstream.sent) == sent


@pytest.fixture
async def api(bank):
    made = Api(bank)
    made.token = (await bank.partner.tokens())["access_token"]
    yield made
    await made.http.aclose()


def b64(value: dict) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


async def test_happy_flow(api):
    answer = await api.call(api.proof(), **{"x-fapi-interaction-id": "c0ffee"})
    assert answer.status_code == 200
    assert answer.headers["x-fapi-interaction-id"] == "c0ffee"
    assert "dpop-nonce" not in answer.headers
    assert "authorization" not in api.upstream.sent[0]


@pytest.mark.parametrize("scheme", ["dPOP", "DPOP", "dpop"])
async def test_access_token_type_header_case_sensitivity(api, scheme):
    assert (await api.call(api.proof(), scheme=scheme)).status_code == 200


@pytest.mark.parametrize("seconds", [-10, 8])
async def test_ensure_dpopproof_with_iat_10seconds_before_and_after_succeeds(api, seconds):
    assert (await api.call(api.proof(iat=int(api.bank.clock.now) + seconds))).status_code == 200


async def test_check_dpop_proof_nbf_exp(api):
    now = int(api.bank.clock.now)
    assert (await api.call(api.proof(nbf=now, exp=now + 60))).status_code == 200


@pytest.mark.parametrize(
    "proof",
    [
        {"header": {"unknown": "member"}},
        {"unknown": {"a": [1]}},
        {"url": f"{URL}?page=1"},
        {"url": f"{URL}#fragment"},
        {"url": f"{URL}?a=b#c"},
        {"url": "https://BANK.example/accounts"},
        {"url": "https://bank.example:443/accounts"},
    ],
)
async def test_dpop_negative_tests_that_must_succeed(api, proof):
    assert (await api.call(api.proof(**proof))).status_code == 200
    assert (await api.call(api.proof(**proof), path="/accounts?page=1")).status_code == 200


@pytest.mark.parametrize(
    "proof",
    [
        {"header": {"typ": None}},
        {"header": {"typ": "jwt"}},
        {"header": {"jwk": None}},
        {"jti": None},
        {"jti": ""},
        {"htm": None},
        {"htm": "PUT"},
        {"htm": "get"},
        {"htu": None},
        {"url": f"{ORIGIN}/payments"},
        {"url": "https://elsewhere.example/accounts"},
        {"url": "http://bank.example/accounts"},
        {"iat": None},
        {"iat": 1_800_000_000 - 3600},
        {"iat": 1_800_000_000 + 3600},
        {"iat": "1800000000"},
        {"ath": None, "token": None},
        {"ath": "A" * 43},
        {"ath": ""},
        {"nbf": 1_800_000_000 + 61},
        {"exp": 1_800_000_000 - 61},
    ],
)
async def test_dpop_negative_tests(api, proof):
    await api.refused(api.proof(**proof))


async def test_dpop_negative_tests_of_keys_and_signatures(api):
    partner = api.bank.partner
    header, payload, signature = api.proof().split(".")
    jwk = partner.dpop.export_public(as_dict=True)
    rsa = JWK.generate(kty="RSA", size=2048)
    await api.refused(api.proof(header={"jwk": partner.dpop.export_private(as_dict=True)}))
    await api.refused(api.proof(key=JWK.generate(kty="EC", crv="P-256")))  # another key than the token's
    await api.refused(api.proof(key=rsa, header={"alg": "RS256"}))
    await api.refused(api.proof(key=rsa, header={"alg": "PS256"}))
    await api.refused(f"{b64({'typ': 'dpop+jwt', 'alg': 'none', 'jwk': jwk})}.{payload}.")
    await api.refused(f"{b64({'typ': 'dpop+jwt', 'jwk': jwk})}.{payload}.{signature}")  # no alg
    await api.refused(f"{header}.{payload}.{'A' * len(signature)}")
    await api.refused(f"{header}.{payload}.")
    await api.refused("garbage")
    await api.refused(f"{header}.{payload}")


async def test_dpop_negative_tests_of_how_it_is_sent(api):
    await api.refused()
    await api.refused(api.proof(), api.proof())
    await api.refused(f"{api.proof()}, {api.proof()}")
    await api.refused(scheme="Bearer")
    await api.refused(api.proof(), scheme="Bearer")


async def test_dpop_negative_tests_jti_reuse(api):
    proof = api.proof(jti=secrets.token_urlsafe(8))
    assert (await api.call(proof)).status_code == 200
    await api.refused(proof)
    # of another client the same jti is another proof
    other = api.bank.other
    token = (await other.tokens())["access_token"]
    stolen = other.proof(URL, "GET", token=token, jti="same")
    assert (await api.call(api.proof(jti="same"))).status_code == 200
    api.token = token
    assert (await api.call(stolen)).status_code == 200


async def test_happy_flow_key_of_client1_with_token_of_client2(api):
    api.token = (await api.bank.other.tokens())["access_token"]
    await api.refused(api.proof())


async def test_happy_flow_token_in_the_query(api):
    answer = await api.http.get(f"/accounts?access_token={api.token}", headers={"dpop": api.proof()})
    assert answer.status_code == 400


async def test_attempt_reuse_authorization_code_ends_the_token_at_the_api(api):
    partner = api.bank.partner
    code = await partner.code()
    api.token = (await partner.token(partner.redemption(code))).json()["access_token"]
    assert (await api.call(api.proof())).status_code == 200
    await partner.token(partner.redemption(code))
    await api.refused(api.proof())


async def test_an_operation_may_demand_a_nonce(api):
    url = f"{ORIGIN}/payments"
    answer = await api.call(api.proof(url), path="/payments")
    assert answer.status_code == 401
    assert 'error="use_dpop_nonce"' in answer.headers["www-authenticate"]
    assert answer.headers["www-authenticate"].startswith('DPoP algs="')
    nonce = answer.headers["dpop-nonce"]
    assert not api.upstream.sent
    proof = api.proof(url, nonce=nonce)
    answer = await api.call(proof, path="/payments")
    assert (answer.status_code, answer.headers["dpop-nonce"]) == (200, nonce)
    # a nonce may come again, a proof may not
    assert (await api.call(proof, path="/payments")).status_code == 401
    assert (await api.call(api.proof(url, nonce=nonce), path="/payments")).status_code == 200


async def test_a_proof_made_ahead_of_its_use_is_worth_nothing_where_a_nonce_is_needed(api):
    url = f"{ORIGIN}/payments"
    later = int(api.bank.clock.now) + 290
    ahead = api.proof(url, iat=later, nonce=(await api.call(api.proof(url), path="/payments")).headers["dpop-nonce"])
    api.bank.clock.forward(290)
    answer = await api.call(ahead, path="/payments")
    assert answer.status_code == 401
    assert 'error="use_dpop_nonce"' in answer.headers["www-authenticate"]
