"""A client's keys, algorithms, states, sector and picture over its life.  RFC 7591 §2; OpenID Connect Core §8."""

import base64
import datetime as dt
import json
import struct
from urllib.parse import quote

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from jwcrypto.jwk import JWK
from oauth_harness import CALLBACK, Bank, Partner, sign

from ringfence.app.fetching import HttpsFetcher
from ringfence.oauth.client_keys import ClientKeys
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


SECTOR = "https://sector.kestrel.example/uris.json"
SECOND = "https://other.kestrel.example/cb"


async def subject(bank: Bank, partner: Partner) -> str:
    tokens = await partner.tokens(scope="openid accounts")
    claims = bank.claims(tokens["id_token"])
    access = bank.claims(tokens["access_token"])
    told = (await partner.userinfo(tokens["access_token"])).json()
    introspected = (await partner.post("/oauth/introspect", {"token": tokens["access_token"]})).json()
    refresh = (await partner.post("/oauth/introspect", {"token": tokens["refresh_token"]})).json()
    found = {body["sub"] for body in (claims, access, told, introspected, refresh)}
    assert len(found) == 1, found
    grant = await bank.ports.records.grant(tokens["grant_id"])
    assert grant.user_id == "user_mia"
    return found.pop()


async def test_each_sector_knows_a_customer_by_another_name(open_bank: Bank) -> None:
    open_bank.web.pages[SECTOR] = [CALLBACK, SECOND]
    subjects = {}
    for name, changes in {
        "public": {},
        "by redirect URI": {"subject_type": "pairwise"},
        "the same host": {"subject_type": "pairwise"},
        "by list": {"subject_type": "pairwise", "sector_identifier_uri": SECTOR},
        "the same list": {
            "subject_type": "pairwise",
            "sector_identifier_uri": SECTOR,
            "redirect_uris": [CALLBACK, SECOND],
        },
    }.items():
        partner = newcomer(open_bank)
        said = dict(changes)
        signed = statement(open_bank, redirect_uris=said.pop("redirect_uris", [CALLBACK]))
        await registered(open_bank, partner, software_statement=signed, **said)
        subjects[name] = await subject(open_bank, partner)
    assert subjects["public"] == "user_mia"
    assert subjects["by redirect URI"] == subjects["the same host"]
    assert subjects["by list"] == subjects["the same list"]
    assert len(set(subjects.values())) == 3
    assert all("mia" not in s for n, s in subjects.items() if n != "public")
    assert all(len(s) <= 255 for s in subjects.values())


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (None, "could not be fetched"),
        ([SECOND], "without the redirect URI"),
        ({"redirect_uris": [CALLBACK]}, "not lead to a JSON array"),
        ([1], "not lead to a JSON array"),
        (b"<html>", "not lead to JSON"),
    ],
)
async def test_a_sector_that_does_not_vouch(open_bank: Bank, page: object, words: str) -> None:
    if page is not None:
        open_bank.web.pages[SECTOR] = page
    document = metadata(newcomer(open_bank), subject_type="pairwise", sector_identifier_uri=SECTOR)
    answer = await register(open_bank, document | {"software_statement": statement(open_bank)})
    error(answer, 400, "invalid_client_metadata", words)


async def test_several_hosts_need_a_sector_and_a_sector_stays(open_bank: Bank) -> None:
    signed = statement(open_bank, redirect_uris=[CALLBACK, SECOND])
    document = metadata(newcomer(open_bank), subject_type="pairwise", software_statement=signed)
    error(await register(open_bank, document), 400, "invalid_client_metadata", "several hosts")
    body = await registered(open_bank, newcomer(open_bank), subject_type="pairwise")
    answer = await manage(open_bank, "PUT", body, replacement(body, subject_type="public"))
    error(answer, 400, "invalid_client_metadata", "subject_type and sector stay")


async def test_nothing_of_a_partner_is_fetched_before_the_rest_is_right(open_bank: Bank) -> None:
    open_bank.web.asked.clear()
    document = metadata(newcomer(open_bank), scope="root", subject_type="pairwise", sector_identifier_uri=SECTOR)
    document |= {"software_statement": statement(open_bank), "logo_uri": LOGO}
    error(await register(open_bank, document), 400, "invalid_client_metadata", "scope")
    assert open_bank.web.asked == []


LOGO = "https://kestrel.example/logo.png"
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", 1, 1) + b"\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\nIDATx\x9cc\x00\x01\x00\x00\x05\x00\x01\r\n-\xb4\x00\x00\x00\x00IEND\xaeB`\x82"
)


async def test_a_logo_comes_from_our_own_origin_and_nothing_else_does(open_bank: Bank) -> None:
    open_bank.web.pages[LOGO] = PNG
    partner = newcomer(open_bank)
    body = await registered(open_bank, partner, logo_uri=LOGO)
    page = await open_bank.browser().consent_page(partner.client_id, await partner.pushed_uri())
    path = f"/oauth/logo/{partner.client_id}"
    assert f'<img id="logo" class="logo" src="{path}"' in page.text
    csp = page.answer.headers["content-security-policy"]
    assert "default-src 'none'" in csp
    assert "img-src 'self';" in csp
    assert "kestrel.example/logo" not in page.text
    shown = await open_bank.http.get(path)
    assert (shown.status_code, shown.content) == (200, PNG)
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in shown.headers["content-security-policy"]
    # without one, the page allows no picture at all
    answer = await manage(open_bank, "PUT", body, replacement(body, logo_uri=None))
    assert answer.status_code == 200
    assert (await open_bank.http.get(path)).status_code == 404
    page = await open_bank.browser("198.51.100.8").consent_page(partner.client_id, await partner.pushed_uri())
    assert "<img" not in page.text
    assert "img-src" not in page.answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "picture",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"GIF89a" + b"\x01\x00\x01\x00" + b"\x00" * 20,
        b"<html>",
        b"",
        PNG[:18],
        PNG.replace(struct.pack(">II", 1, 1), struct.pack(">II", 50_000, 50_000)),
        json.dumps({"logo": base64.b64encode(PNG).decode()}).encode(),
    ],
    ids=["svg", "gif", "html", "empty", "short", "bomb", "json"],
)
async def test_what_is_no_logo(open_bank: Bank, picture: bytes) -> None:
    open_bank.web.pages[LOGO] = picture
    document = metadata(newcomer(open_bank), logo_uri=LOGO, software_statement=statement(open_bank))
    error(await register(open_bank, document), 400, "invalid_client_metadata", "logo_uri cannot be taken")


async def test_a_logo_of_nobody(open_bank: Bank) -> None:
    assert (await open_bank.http.get("/oauth/logo/client_one")).status_code == 404
    assert (await open_bank.http.get("/oauth/logo/nobody")).status_code == 404


def front_channel(bank: Bank) -> Bank:
    oauth = msgspec.to_builtins(bank.policy.oauth)
    oauth["clients"]["profiles"] = ["fapi2", "fapi2-message-signing", "oauth2.1"]
    return bank.with_policy(oauth=oauth)


async def test_a_client_of_oauth_2_1_need_not_push(open_bank: Bank) -> None:
    bank = front_channel(open_bank)
    found = (await bank.http.get("/.well-known/oauth-authorization-server")).json()
    assert found["require_pushed_authorization_requests"] is False
    partner = newcomer(bank)
    body = await registered(bank, partner, profile="oauth2.1")
    assert (body["profile"], body["require_pushed_authorization_requests"]) == ("oauth2.1", False)
    browser = bank.browser()
    page = await browser.follow(await browser.http.get("/oauth/authorize", params=partner.request()))
    page = await browser.log_in(page)
    location = (await browser.submit(page, decision="allow")).answer.headers["location"]
    assert location.startswith(f"{CALLBACK}?code=")
    assert "iss=" in location
    code = location.partition("code=")[2].partition("&")[0]
    answer = await partner.token(partner.redemption(code))
    assert answer.status_code == 200, answer.text
    assert answer.json()["token_type"] == "DPoP"
    assert (await partner.push()).status_code == 201
    # what it is not let off: PKCE, its own redirect URI, a key, a bound token
    again = bank.browser("198.51.100.9")
    for changes in (
        {"code_challenge": None},
        {"code_challenge_method": "plain"},
        {"redirect_uri": "https://evil.example/cb"},
        {"redirect_uri": None},
        {"response_type": "token"},
        {"response_type": "code id_token"},
        {"scope": "openid root"},
        {"request": "x.y.z"},
        {"client_id": "nobody"},
        {"client_id": None},
    ):
        answer = await again.http.get("/oauth/authorize", params=partner.request(**changes))
        assert answer.status_code in (400, 401), changes
        assert answer.headers["content-type"].startswith("text/html")
    location = await browser.http.get("/oauth/authorize", params=partner.request())
    assert location.status_code == 303
    code = await partner.code(browser)
    error(await partner.token(partner.redemption(code), proof=None), 400, "invalid_dpop_proof")


async def test_other_clients_and_other_policies_still_push(open_bank: Bank) -> None:
    bank = front_channel(open_bank)
    fapi, loose = newcomer(bank), newcomer(bank)
    await registered(bank, fapi)
    await registered(bank, loose, profile="oauth2.1")
    assert (await bank.http.get("/oauth/authorize", params=fapi.request())).status_code == 400
    assert (await bank.http.get("/oauth/authorize", params=loose.request())).status_code == 303
    # once the policy has it no more
    assert (await open_bank.http.get("/oauth/authorize", params=loose.request())).status_code == 400
    await bank.ports.records.set_client_status(loose.client_id, "suspended")
    assert (await bank.http.get("/oauth/authorize", params=loose.request())).status_code == 401


async def test_a_network_cannot_fill_the_records_through_the_browser(open_bank: Bank) -> None:
    bank = front_channel(open_bank)
    partner = newcomer(bank)
    await registered(bank, partner, profile="oauth2.1")
    answers = [await bank.http.get("/oauth/authorize", params=partner.request()) for _ in range(35)]
    assert [a.status_code for a in answers].count(303) == 30
    assert answers[-1].status_code == 429


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


INSIDE = [
    "127.0.0.1",
    "10.1.2.3",
    "169.254.169.254",
    "192.168.0.1",
    "::1",
    "fd00::1",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
]


@pytest.mark.parametrize("address", INSIDE)
@pytest.mark.parametrize("member", ["logo_uri", "sector_identifier_uri", "jwks_uri", "statement keys"])
async def test_no_url_of_a_partner_leads_inside(bank: Bank, member: str, address: str) -> None:
    connected: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        return ["93.184.216.34", address]

    async def connect(to: str, *_: object) -> None:
        connected.append(to)
        raise OSError("refused")

    fetcher = HttpsFetcher(None, resolve, connect)  # type: ignore[arg-type]
    ports = msgspec.structs.replace(bank.ports, fetcher=fetcher, client_keys=ClientKeys(fetcher, bank.clock))
    guarded = Bank(bank.policy, ports, bank.clock, bank.events)
    open_bank = registering(guarded, "statement", jwks_uri=member == "statement keys")
    partner = newcomer(open_bank)
    url = "https://innocent.example/x"
    changes = {member: url} if member != "statement keys" else {}
    if member == "sector_identifier_uri":
        changes["subject_type"] = "pairwise"
    if member == "jwks_uri":
        changes["jwks"] = None
    document = metadata(partner, **changes, software_statement=statement(open_bank))
    answer = await register(open_bank, {k: v for k, v in document.items() if v is not None})
    if member == "jwks_uri":  # fetched when it is needed
        assert answer.status_code == 201, answer.text
        partner.client_id = answer.json()["client_id"]
        answer = await partner.push()
        assert answer.status_code == 401
    else:
        assert answer.status_code == 400, answer.text
    assert address not in answer.text
    assert connected == []
    for client in (*guarded.clients, *open_bank.clients):
        await client.aclose()
