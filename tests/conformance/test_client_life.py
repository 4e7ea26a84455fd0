"""A client's keys, algorithms, states, sector and picture over its life.  RFC 7591 §2; OpenID Connect Core §8."""

import base64
import datetime as dt
from urllib.parse import quote

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from jwcrypto.jwk import JWK
from oauth_harness import Bank, Partner, sign

from tests.conformance.registration_partner import (
    error,
    manage,
    metadata,
    newcomer,
    register,
    registered,
    registering,
    replacement,
    statement,
)

OVERLAP = 86_400


@pytest.fixture
async def open_bank(bank: Bank) -> Bank:
    return registering(bank, "statement")


def another_key(kid: str = "second") -> JWK:
    return JWK.generate(kty="EC", crv="P-256", kid=kid)


def public(*keys: JWK) -> dict:
    return {"keys": [key.export_public(as_dict=True) for key in keys]}


async def authenticated(partner: Partner, key: JWK) -> int:
    raw = partner.assertion(key, {"kid": key["kid"]})
    form = partner.request() | {"client_assertion": raw}
    return (await partner.post("/oauth/par", form)).status_code


async def test_a_replaced_key_is_taken_for_the_overlap_and_then_no_more(open_bank: Bank) -> None:
    partner, new = newcomer(open_bank), another_key()
    body = await registered(open_bank, partner)
    answer = await manage(open_bank, "PUT", body, replacement(body, jwks=public(new)))
    assert answer.status_code == 200, answer.text
    assert answer.json()["jwks"]["keys"][0]["kid"] == "second"
    assert await authenticated(partner, new) == 201
    open_bank.clock.forward(OVERLAP - 1)
    assert await authenticated(partner, partner.key) == 201
    open_bank.clock.forward(1)
    assert await authenticated(partner, partner.key) == 401
    assert await authenticated(partner, new) == 201


async def test_a_key_that_comes_back_stays(open_bank: Bank) -> None:
    partner, new = newcomer(open_bank), another_key()
    body = await registered(open_bank, partner)
    body = (await manage(open_bank, "PUT", body, replacement(body, jwks=public(new)))).json()
    both = public(partner.key, new)
    assert (await manage(open_bank, "PUT", body, replacement(body, jwks=both))).status_code == 200
    open_bank.clock.forward(OVERLAP)
    assert await authenticated(partner, partner.key) == 201


async def test_a_new_key_of_an_old_kid_is_the_only_one(open_bank: Bank) -> None:
    partner = newcomer(open_bank)
    body = await registered(open_bank, partner)
    new = another_key(partner.key["kid"])
    assert (await manage(open_bank, "PUT", body, replacement(body, jwks=public(new)))).status_code == 200
    assert await authenticated(partner, partner.key) == 401
    assert await authenticated(partner, new) == 201


async def test_from_keys_of_its_own_to_keys_at_a_url(open_bank: Bank) -> None:
    partner, new = newcomer(open_bank), another_key()
    body = await registered(open_bank, partner)
    url = "https://keys.kestrel.example/jwks"
    open_bank.web.pages[url] = public(new)
    assert (await manage(open_bank, "PUT", body, replacement(body, jwks=None, jwks_uri=url))).status_code == 200
    assert await authenticated(partner, new) == 201
    assert await authenticated(partner, partner.key) == 201
    open_bank.clock.forward(OVERLAP)
    assert await authenticated(partner, partner.key) == 401


ALGORITHMS = {"ES256": {"kty": "EC", "crv": "P-256"}, "EdDSA": {"kty": "OKP", "crv": "Ed25519"}}


async def test_a_registered_algorithm_is_the_only_one(open_bank: Bank) -> None:
    partner = newcomer(open_bank)
    other = JWK.generate(kty="OKP", crv="Ed25519", kid="ed")
    await registered(
        open_bank,
        partner,
        jwks=public(partner.key, other),
        token_endpoint_auth_signing_alg="EdDSA",
        request_object_signing_alg="EdDSA",
        dpop_signing_alg="EdDSA",
    )
    refused = await partner.push()
    error(refused, 401, "invalid_client")
    raw = partner.assertion(other, {"kid": "ed", "alg": "EdDSA"})
    assert (await partner.post("/oauth/par", partner.request() | {"client_assertion": raw})).status_code == 201
    now = int(open_bank.clock.now)
    claims = partner.request() | {"iss": partner.client_id, "aud": open_bank.policy.issuer, "nbf": now, "exp": now + 60}
    for key, alg, status in ((partner.key, "ES256", 400), (other, "EdDSA", 201)):
        form = {
            "client_id": partner.client_id,
            "request": sign(key, claims, kid=key["kid"], alg=alg),
            "client_assertion": partner.assertion(other, {"kid": "ed", "alg": "EdDSA"}),
        }
        answer = await partner.post("/oauth/par", form)
        assert answer.status_code == status, answer.text
    for key, alg, status in ((partner.dpop, "ES256", 400), (JWK.generate(kty="OKP", crv="Ed25519"), "EdDSA", 200)):
        form = {
            "grant_type": "client_credentials",
            "scope": "accounts",
            "client_assertion": partner.assertion(other, {"kid": "ed", "alg": "EdDSA"}),
        }
        proof = partner.proof("/oauth/token", key=key, header={"alg": alg})
        answer = await partner.token(form, proof)
        assert answer.status_code == status, answer.text
        if status == 400:
            error(answer, 400, "invalid_dpop_proof")


@pytest.mark.parametrize("status", ["suspended", "revoked"])
async def test_a_client_that_is_stopped_is_stopped_everywhere(open_bank: Bank, status: str) -> None:
    partner = newcomer(open_bank)
    await registered(open_bank, partner)
    tokens, uri = await partner.tokens(), await partner.pushed_uri()
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    await open_bank.ports.records.add_client(
        (await open_bank.ports.records.client("client_one")).__class__(
            client_id="the_api", name="API", jwks=open_bank.other.jwks, grant_types=(), created_at=open_bank.clock.now
        )
    )
    api = Partner(open_bank, "the_api")
    api.key = open_bank.other.key
    asked = {"token": tokens["access_token"]}
    assert (await api.post("/oauth/introspect", asked)).json()["active"] is True
    await open_bank.ports.records.set_client_status(partner.client_id, status)
    error(await partner.push(), 401, "invalid_client", status)
    error(await partner.token(refresh), 401, "invalid_client", status)
    error(await partner.post("/oauth/introspect", asked), 401, "invalid_client")
    error(await partner.post("/oauth/revoke", asked), 401, "invalid_client")
    assert (await partner.userinfo(tokens["access_token"])).status_code == 401
    assert (await api.post("/oauth/introspect", asked)).json() == {"active": False}
    page = await open_bank.browser().visit(partner.client_id, uri)
    assert page.answer.status_code == 401
    if status == "suspended":
        await open_bank.ports.records.set_client_status(partner.client_id, "active")
        assert (await partner.token(refresh)).status_code == 200
        assert (await api.post("/oauth/introspect", asked)).json()["active"] is True
        assert (await partner.push()).status_code == 201


def certificate(days: int, key: ec.EllipticCurvePrivateKey, start: float) -> x509.Certificate:
    name = x509.Name.from_rfc4514_string("CN=kestrel,O=Kestrel,C=SE")
    begin = dt.datetime.fromtimestamp(start, dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(begin + dt.timedelta(days=days))
        .sign(key, hashes.SHA256())
    )


def held(cert: x509.Certificate, kid: str) -> dict:
    """A certificate as a client registers it.  RFC 8705 §2.2.2."""
    numbers = cert.public_key().public_numbers()
    x, y = (base64.urlsafe_b64encode(n.to_bytes(32, "big")).decode().rstrip("=") for n in (numbers.x, numbers.y))
    chain = [base64.b64encode(cert.public_bytes(Encoding.DER)).decode()]
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": kid, "x5c": chain}


async def by_certificate(bank: Bank, partner: Partner, cert: x509.Certificate) -> int:
    http = bank.client("192.0.2.1", **{"x-ringfence-listener": "mtls"})
    pem = quote(cert.public_bytes(Encoding.PEM).decode())
    form = {"grant_type": "client_credentials", "client_id": partner.client_id, "scope": "accounts"}
    headers = {"x-forwarded-client-cert": f'Hash={cert.fingerprint(hashes.SHA256()).hex()};Cert="{pem}"'}
    return (await http.post("/oauth/token", data=form, headers=headers)).status_code


async def test_a_certificate_of_its_own_and_the_next_one(open_bank: Bank) -> None:
    now = open_bank.clock.now
    first, second, third = (certificate(30, ec.generate_private_key(ec.SECP256R1()), now) for _ in range(3))
    partner = newcomer(open_bank)
    said = {
        "token_endpoint_auth_method": "self_signed_tls_client_auth",
        "tls_client_certificate_bound_access_tokens": True,
        "grant_types": ["client_credentials"],
        "scope": "accounts",
        "redirect_uris": [],
    }
    issuer = {"statement_issuers": [msgspec.to_builtins(open_bank.policy.oauth.registration.statement_issuers[0])]}
    issuer["statement_issuers"][0]["vouches_for"] = []
    open_bank = registering(open_bank, "statement", **issuer)
    wrong = held(first, "1") | {"x5c": held(second, "2")["x5c"]}
    for jwk, words in ((wrong, "another key"), (held(first, "1") | {"x5c": ["AAAA"]}, "no chain")):
        signed = statement(open_bank, redirect_uris=None)
        document = metadata(partner, **said, jwks={"keys": [jwk]}, software_statement=signed)
        error(await register(open_bank, document), 400, "invalid_client_metadata", words)
    signed = statement(open_bank, redirect_uris=None)
    body = await registered(open_bank, partner, **said, jwks={"keys": [held(first, "1")]}, software_statement=signed)
    assert body["jwks"]["keys"][0]["x5c"] == held(first, "1")["x5c"]
    assert [await by_certificate(open_bank, partner, one) for one in (first, second)] == [200, 401]
    keys = {"keys": [held(second, "2")]}
    assert (await manage(open_bank, "PUT", body, replacement(body, jwks=keys))).status_code == 200
    assert [await by_certificate(open_bank, partner, one) for one in (first, second, third)] == [200, 200, 401]
    open_bank.clock.forward(OVERLAP)
    assert [await by_certificate(open_bank, partner, one) for one in (first, second)] == [401, 200]


async def test_the_newest_certificate_that_was_seen_is_the_one_that_ends(open_bank: Bank) -> None:
    partner = newcomer(open_bank)
    await registered(
        open_bank,
        partner,
        jwks=None,
        token_endpoint_auth_method="tls_client_auth",
        tls_client_auth_subject_dn="CN=kestrel,O=Kestrel,C=SE",
        tls_client_certificate_bound_access_tokens=True,
        grant_types=["client_credentials"],
        scope="accounts",
    )
    key = ec.generate_private_key(ec.SECP256R1())
    ends = []
    for days in (10, 400, 20):
        pem = certificate(days, key, open_bank.clock.now).public_bytes(Encoding.PEM).decode()
        http = open_bank.client(
            "192.0.2.1",
            **{"x-ringfence-listener": "mtls", "x-ringfence-verified-issuer": "0" * 64, "x-forwarded-client-cert": ""},
        )
        header = f'Hash={"0" * 64};Cert="{quote(pem)}"'
        answer = await http.post(
            "/oauth/token",
            data={"grant_type": "client_credentials", "client_id": partner.client_id, "scope": "accounts"},
            headers={"x-forwarded-client-cert": header},
        )
        assert answer.status_code == 200, answer.text
        ends.append((await open_bank.ports.records.client(partner.client_id)).certificate_expires_at)
    start = open_bank.clock.now
    assert ends == [start + 10 * 86_400, start + 400 * 86_400, start + 400 * 86_400]


async def test_what_a_client_no_longer_registers_its_grants_no_longer_give(open_bank: Bank) -> None:
    partner = newcomer(open_bank)
    body = await registered(open_bank, partner, scope="openid accounts payments")
    tokens = await partner.tokens(scope="openid accounts payments")
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    less = statement(open_bank, scope="openid accounts")
    answer = await manage(open_bank, "PUT", body, replacement(body, software_statement=less))
    assert answer.status_code == 200, answer.text
    assert (await partner.token(refresh)).json()["scope"] == "openid accounts"
    error(await partner.token(refresh | {"scope": "payments"}), 400, "invalid_scope")
