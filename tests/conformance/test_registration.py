"""Clients register themselves.  RFC 7591."""

import asyncio
import json
import re
from pathlib import Path

import httpx
import msgspec
import pytest
import yaml
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS
from oauth_harness import CALLBACK, ISSUER, Bank

from ringfence.clients.metadata import Metadata
from ringfence.policy.model import OAuth
from tests.conformance.registration_partner import (
    DIRECTORY,
    JWKS_URI,
    KEY,
    OTHER_KEY,
    error,
    invite,
    manage,
    metadata,
    newcomer,
    register,
    registered,
    registering,
    replacement,
    statement,
)

WORDS = {
    "kid", "authorization_code", "refresh_token", "client_credentials", "private_key_jwt", "tls_client_auth",
    "self_signed_tls_client_auth", "pairwise",
}  # fmt: skip


async def test_without_a_word_in_the_policy_nobody_registers(bank: Bank) -> None:
    assert (await register(bank, metadata(newcomer(bank)))).status_code == 404
    assert (await bank.http.get("/oauth/register/client_one")).status_code == 404
    found = (await bank.http.get("/.well-known/oauth-authorization-server")).json()
    assert "registration_endpoint" not in found


async def test_by_invitation_to_a_token(bank: Bank) -> None:
    bank = registering(bank, "invitation", issuers=False)
    found = (await bank.http.get("/.well-known/oauth-authorization-server")).json()
    assert found["registration_endpoint"] == f"{ISSUER}/oauth/register"
    partner = newcomer(bank)
    error(await register(bank, metadata(partner)), 401, "invalid_token", "ask for an invitation")
    error(await register(bank, metadata(partner), {"authorization": "Bearer wrong"}), 401, "invalid_token")
    invitation = await invite(bank)
    answer = await register(bank, metadata(partner), invitation)
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert body["client_id"].startswith("client_")
    assert body["registration_client_uri"] == f"{ISSUER}/oauth/register/{body['client_id']}"
    assert body["token_endpoint_auth_method"] == "private_key_jwt"
    assert body["dpop_bound_access_tokens"] is True
    assert "client_secret" not in body
    kept = await bank.ports.records.registration(body["client_id"])
    assert body["registration_access_token"] not in str(kept)
    partner.client_id = body["client_id"]
    tokens = await partner.tokens()
    assert (await partner.userinfo(tokens["access_token"])).status_code == 200
    error(await register(bank, metadata(partner), invitation), 401, "invalid_token")
    (event,) = bank.events.of("ClientManaged")
    assert (event.action, event.client) == ("registered", body["client_id"])


async def test_one_invitation_registers_once_however_many_ask(bank: Bank) -> None:
    bank = registering(bank, "invitation", issuers=False)
    invitation = await invite(bank)
    partner = newcomer(bank)
    answers = await asyncio.gather(*(register(bank, metadata(partner), invitation) for _ in range(15)))
    assert sorted(a.status_code for a in answers) == [201] + [401] * 14


async def test_an_invitation_ends(bank: Bank) -> None:
    bank = registering(bank, "invitation", issuers=False)
    invitation = await invite(bank, seconds=10)
    bank.clock.forward(10)
    error(await register(bank, metadata(newcomer(bank)), invitation), 401, "invalid_token")


@pytest.mark.parametrize("jwks_uri", [False, True])
async def test_what_a_statement_says_comes_first(bank: Bank, jwks_uri: bool) -> None:
    bank = registering(bank, "statement", jwks_uri=jwks_uri)
    bank.web.pages[JWKS_URI] = {"keys": [KEY.export_public(as_dict=True)]}
    partner = newcomer(bank)
    signed = statement(bank, client_name="Kestrel by the directory", scope="openid accounts")
    evil = "https://evil.example/cb"
    document = metadata(partner, client_name="Your Bank", redirect_uris=[evil], scope="openid payments")
    answer = await register(bank, document | {"software_statement": signed})
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert (body["client_name"], body["redirect_uris"]) == ("Kestrel by the directory", [CALLBACK])
    assert body["scope"] == "openid accounts"
    assert body["software_statement"] == signed
    client = await bank.ports.records.client(body["client_id"])
    assert client.redirect_uris == (CALLBACK,)


async def test_a_replacement_cannot_change_what_the_statement_says(bank: Bank) -> None:
    bank = registering(bank, "statement")
    partner = newcomer(bank)
    body = await registered(bank, partner)
    document = replacement(body, redirect_uris=["https://evil.example/cb"], scope="openid accounts payments")
    answer = await manage(bank, "PUT", body, document)
    assert answer.status_code == 200, answer.text
    assert answer.json()["redirect_uris"] == [CALLBACK]
    assert answer.json()["scope"] == "openid accounts payments"
    other = statement(bank, software_id="other-software", redirect_uris=["https://evil.example/cb"])
    answer = await manage(bank, "PUT", answer.json(), replacement(answer.json(), software_statement=other))
    error(answer, 400, "invalid_software_statement", "other software")


async def test_keys_of_a_statement_are_not_mixed_with_the_requests(bank: Bank) -> None:
    bank = registering(bank, "statement")
    partner = newcomer(bank)
    signed = statement(bank, jwks_uri="https://keys.kestrel.example/jwks")
    answer = await register(bank, metadata(partner, software_statement=signed))
    assert answer.status_code == 201, answer.text
    assert answer.json()["jwks_uri"] == "https://keys.kestrel.example/jwks"
    assert "jwks" not in answer.json()


async def test_claims_of_other_names_are_mapped(bank: Bank) -> None:
    issuer = {
        "issuer": DIRECTORY,
        "jwks": {"keys": [KEY.export_public(as_dict=True)]},
        "claims": {"redirect_uris": "software_redirect_uris", "client_name": "software_client_name"},
    }
    bank = registering(bank, "statement", statement_issuers=[issuer])
    partner = newcomer(bank)
    signed = statement(
        bank, software_client_name="Mapped", software_redirect_uris=[CALLBACK], redirect_uris=["https://x.example/"]
    )
    answer = await register(bank, metadata(partner, software_statement=signed))
    assert answer.status_code == 201, answer.text
    assert (answer.json()["client_name"], answer.json()["redirect_uris"]) == ("Mapped", [CALLBACK])


def unsigned(bank: Bank) -> str:
    signed = statement(bank)
    _, payload, _ = signed.split(".")
    return f"eyJhbGciOiJub25lIn0.{payload}."


def by_the_public_key(bank: Bank) -> str:
    """HS256 with the public key as its secret: the oldest trick."""
    secret = JWK(kty="oct", k=KEY.export_public(as_dict=True)["x"])
    payload = json.loads(JWS.from_jose_token(statement(bank)).objects["payload"])
    jws = JWS(json.dumps(payload))
    jws.add_signature(secret, None, json.dumps({"alg": "HS256", "kid": "directory-1"}), None)
    return jws.serialize(compact=True)


BAD_STATEMENTS = {
    "none": (unsigned, "invalid_software_statement"),
    "hs256": (by_the_public_key, "invalid_software_statement"),
    "other key": (lambda bank: statement(bank, OTHER_KEY), "invalid_software_statement"),
    "other issuer": (lambda bank: statement(bank, OTHER_KEY, iss="https://evil.example"), "unapproved_software_statement"),
    "issuer by the trusted key": (lambda bank: statement(bank, iss="https://evil.example"), "unapproved_software_statement"),
    "old": (lambda bank: statement(bank, iat=int(bank.clock.now) - 3700, exp=None), "invalid_software_statement"),
    "expired": (lambda bank: statement(bank, exp=int(bank.clock.now) - 60), "invalid_software_statement"),
    "from tomorrow": (lambda bank: statement(bank, iat=int(bank.clock.now) + 86400), "invalid_software_statement"),
    "no iat": (lambda bank: statement(bank, iat=None), "invalid_software_statement"),
    "no jti": (lambda bank: statement(bank, jti=None), "invalid_software_statement"),
    "no redirect URIs": (lambda bank: statement(bank, redirect_uris=None), "invalid_software_statement"),
    "other audience": (lambda bank: statement(bank, aud="https://other.example"), "invalid_software_statement"),
    "a client assertion": (lambda bank: statement(bank, header={"typ": "client-authentication+jwt"}), "invalid_software_statement"),
    "no JWT": (lambda bank: "nonsense", "invalid_software_statement"),
    "not even a text": (lambda bank: {"iss": DIRECTORY}, "invalid_software_statement"),
    "missing": (lambda bank: None, "invalid_software_statement"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_STATEMENTS)
async def test_a_statement_that_does_not_count(bank: Bank, name: str) -> None:
    bank = registering(bank, "statement")
    make, code = BAD_STATEMENTS[name]
    before = len(await bank.ports.records.list_clients())
    answer = await register(bank, metadata(newcomer(bank), software_statement=make(bank)))
    error(answer, 400, code)
    assert len(await bank.ports.records.list_clients()) == before


async def test_a_statement_registers_one_client_even_after_that_is_gone(bank: Bank) -> None:
    bank = registering(bank, "statement")
    partner, signed = newcomer(bank), statement(bank)
    answers = await asyncio.gather(*(register(bank, metadata(partner, software_statement=signed)) for _ in range(15)))
    assert sorted(a.status_code for a in answers) == [201] + [400] * 14
    body = next(a.json() for a in answers if a.status_code == 201)
    assert (await manage(bank, "DELETE", body)).status_code == 204
    bank.clock.forward(60)
    error(await register(bank, metadata(partner, software_statement=signed)), 400, "invalid_software_statement", "used")


async def test_both_can_be_required(bank: Bank) -> None:
    bank = registering(bank, "invitation", "statement")
    document = metadata(newcomer(bank), software_statement=statement(bank))
    error(await register(bank, document), 401, "invalid_token")
    invitation = await invite(bank)
    error(await register(bank, metadata(newcomer(bank)), invitation), 400, "invalid_software_statement")
    assert (await register(bank, document, invitation)).status_code == 201


PRIVATE = JWK.generate(kty="EC", crv="P-256", kid="p").export_private(as_dict=True)
BAD_METADATA = {
    "http": ({"redirect_uris": ["http://kestrel.example/cb"]}, "invalid_redirect_uri", "redirect_uris[0]"),
    "fragment": ({"redirect_uris": [CALLBACK, f"{CALLBACK}#x"]}, "invalid_redirect_uri", "redirect_uris[1]"),
    "scheme": ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri", ""),
    "wildcard": ({"redirect_uris": ["https://*.kestrel.example/cb"]}, "invalid_redirect_uri", ""),
    "no redirect URI": ({"redirect_uris": []}, "invalid_redirect_uri", ""),
    "secret": ({"token_endpoint_auth_method": "client_secret_basic"}, "invalid_client_metadata", "token_endpoint_auth_method"),
    "public client": ({"token_endpoint_auth_method": "none"}, "invalid_client_metadata", ""),
    "implicit": ({"grant_types": ["implicit"]}, "invalid_client_metadata", "grant_types"),
    "password": ({"grant_types": ["password"]}, "invalid_client_metadata", "grant_types"),
    "token response": ({"response_types": ["token"]}, "invalid_client_metadata", "response_types"),
    "two key sources": ({"jwks_uri": "https://kestrel.example/jwks"}, "invalid_client_metadata", "jwks"),
    "no keys": ({"jwks": None}, "invalid_client_metadata", "jwks"),
    "private key": ({"jwks": {"keys": [PRIVATE]}}, "invalid_client_metadata", "jwks"),
    "symmetric key": ({"jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "1"}]}}, "invalid_client_metadata", "jwks"),
    "loopback keys": ({"jwks": None, "jwks_uri": "https://127.0.0.1/jwks"}, "invalid_client_metadata", "jwks_uri"),
    "metadata keys": ({"jwks": None, "jwks_uri": "http://169.254.169.254/latest"}, "invalid_client_metadata", "jwks_uri"),
    "file keys": ({"jwks": None, "jwks_uri": "file:///etc/passwd"}, "invalid_client_metadata", "jwks_uri"),
    "unknown scope": ({"scope": "openid root"}, "invalid_client_metadata", "scope"),
    "no scope": ({"scope": None}, "invalid_client_metadata", "scope"),
    "RS256": ({"token_endpoint_auth_signing_alg": "RS256"}, "invalid_client_metadata", "token_endpoint_auth_signing_alg"),
    "alg none": ({"request_object_signing_alg": "none"}, "invalid_client_metadata", "request_object_signing_alg"),
    "alg without key": ({"token_endpoint_auth_signing_alg": "PS256"}, "invalid_client_metadata", "token_endpoint_auth_signing_alg"),
    "dpop alg": ({"dpop_signing_alg": "HS256"}, "invalid_client_metadata", "dpop_signing_alg"),
    "two bindings": ({"dpop_bound_access_tokens": True, "tls_client_certificate_bound_access_tokens": True}, "invalid_client_metadata", "dpop_bound"),
    "not pushed": ({"require_pushed_authorization_requests": False}, "invalid_client_metadata", "require_pushed"),
    "profile": ({"profile": "oauth2.1"}, "invalid_client_metadata", "profile"),
    "contradiction": ({"profile": "fapi2-message-signing", "require_signed_request_object": False}, "invalid_client_metadata", "contradicts"),
    "response mode": ({"response_modes": ["fragment"]}, "invalid_client_metadata", "response_modes"),
    "detail type": ({"authorization_details_types": ["payment"]}, "invalid_client_metadata", "authorization_details_types"),
    "introspection": ({"introspection_signed_response_alg": "HS256"}, "invalid_client_metadata", "introspection_signed"),
    "subject in a SAN": ({"tls_client_auth_san_dns": "kestrel.example"}, "invalid_client_metadata", "tls_client_auth_san_dns"),
    "name": ({"client_name": "Kes\u202etrel"}, "invalid_client_metadata", "client_name"),
    "no name": ({"client_name": None}, "invalid_client_metadata", "client_name"),
    "type": ({"redirect_uris": "https://kestrel.example/cb"}, "invalid_redirect_uri", ""),
    "logo scheme": ({"logo_uri": "javascript:alert(1)"}, "invalid_client_metadata", "logo_uri"),
    "logo gone": ({"logo_uri": "https://kestrel.example/nothing.png"}, "invalid_client_metadata", "logo_uri"),
    "page": ({"client_uri": "http://kestrel.example"}, "invalid_client_metadata", "client_uri"),
    "sector without need": ({"sector_identifier_uri": "https://kestrel.example/s"}, "invalid_client_metadata", "sector_identifier_uri"),
    "sector inside": ({"subject_type": "pairwise", "sector_identifier_uri": "https://[::1]/s"}, "invalid_client_metadata", "sector_identifier_uri"),
    "mass": ({"contacts": ["a@kestrel.example"] * 500}, "invalid_client_metadata", "contacts"),
    "many members": ({f"x{n}": n for n in range(200)}, "invalid_request", "members"),
    "many URIs": ({"redirect_uris": [f"{CALLBACK}/{n}" for n in range(50)]}, "invalid_redirect_uri", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_METADATA)
async def test_metadata_that_is_refused(bank: Bank, name: str) -> None:
    bank = registering(bank, "invitation", issuers=False)
    changes, code, words = BAD_METADATA[name]
    invitation = await invite(bank)
    error(await register(bank, metadata(newcomer(bank), **changes), invitation), 400, code, words)
    # a refused attempt uses nothing up
    assert (await register(bank, metadata(newcomer(bank)), invitation)).status_code == 201


async def test_bodies_that_are_no_metadata(bank: Bank) -> None:
    bank = registering(bank, "invitation", issuers=False)
    headers = await invite(bank)

    async def post(content: bytes, media_type: str = "application/json") -> httpx.Response:
        return await bank.http.post("/oauth/register", content=content, headers=headers | {"content-type": media_type})

    assert (await post(b"{" + b" " * 70_000 + b"}")).status_code == 413
    error(await post(b"[]"), 400, "invalid_request")
    error(await post(b"{"), 400, "invalid_request")
    error(await post(b'{"scope":"a","scope":"b"}'), 400, "invalid_request")
    error(await post(b"a=b", "application/x-www-form-urlencoded"), 400, "invalid_request")
    error(await post(b'{"a":' * 30 + b"1" + b"}" * 30), 400, "invalid_request")
    assert (await bank.http.get("/oauth/register")).status_code == 405


async def test_unknown_metadata_is_left_out(bank: Bank) -> None:
    bank = registering(bank, "statement")
    body = await registered(bank, newcomer(bank), surprise={"a": 1.5}, client_secret="mine")
    assert not {"surprise", "client_secret"} & set(body)


async def test_texts_that_a_database_may_not_like(bank: Bank) -> None:
    bank = registering(bank, "statement")
    partner = newcomer(bank)
    partner.key = JWK.generate(kty="EC", crv="P-256", kid="a\x00b\u2028\U0001f600")
    signed = statement(bank, more="\x00", deep={"\x00": [None, 1.25, 10**30]})
    answer = await register(bank, metadata(partner, software_statement=signed, contacts=["\U0001f600@kestrel.example"]))
    assert answer.status_code == 201, answer.text
    partner.client_id = answer.json()["client_id"]
    assert (await partner.push()).status_code == 201
    signed = statement(bank, software_id="a\x00b")
    answer = await register(bank, metadata(partner, software_statement=signed))
    error(answer, 400, "invalid_software_statement", "software_id")


async def test_a_network_is_slowed_down(bank: Bank) -> None:
    bank = registering(bank, "invitation", issuers=False)
    answers = [await register(bank, {}) for _ in range(25)]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) > 0
    other = bank.client("192.0.2.77")
    assert (await other.post("/oauth/register", json={})).status_code == 401


async def test_two_names_that_look_alike(bank: Bank) -> None:
    bank = registering(bank, "statement")
    await registered(bank, newcomer(bank), client_name="Kestrel Budgeting")
    document = metadata(newcomer(bank), client_name="ＫＥＳＴＲＥＬ  budgeting", software_statement=statement(bank))
    error(await register(bank, document), 400, "invalid_client_metadata", "looks like it")


PAGE = Path(__file__).parents[2] / "docs" / "registration.md"


async def test_the_page_for_developers_shows_what_works(bank: Bank) -> None:
    text = PAGE.read_text()
    (example,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    open_bank = registering(bank, "invitation", issuers=False)
    answer = await register(open_bank, json.loads(example), await invite(open_bank))
    assert answer.status_code == 201, answer.text
    assert json.loads(example).items() <= answer.json().items()
    (rule,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    oauth = msgspec.convert(yaml.safe_load(rule)["oauth"], OAuth)
    assert oauth.registration is not None
    assert oauth.registration.statement_issuers[0].vouches_for == ("redirect_uris", "jwks_uri")
    for member in re.findall(r"`([a-z_]+)`", text.partition("## What you can say")[2].partition("## Look")[0]):
        assert member in {*Metadata.__struct_fields__, *WORDS}, member
