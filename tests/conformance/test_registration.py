"""Clients register and manage themselves.  RFC 7591; RFC 7592."""

import asyncio
import json
import secrets

import httpx
import msgspec
import pytest
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS
from oauth_harness import CALLBACK, ISSUER, Bank, Partner, sign

from ringfence.ids import token_hash
from ringfence.store.blocks import client_block, grant_block
from ringfence.store.interface import Admission
from ringfence.store.registrations import Invitation

DIRECTORY = "https://directory.example"
KEY = JWK.generate(kty="EC", crv="P-256", kid="directory-1")
OTHER_KEY = JWK.generate(kty="EC", crv="P-256", kid="directory-1")
JWKS_URI = "https://directory.example/keys"


def registering(bank: Bank, *require: str, jwks_uri: bool = False, issuers: bool = True, **more) -> Bank:
    keys = {"jwks_uri": JWKS_URI} if jwks_uri else {"jwks": {"keys": [KEY.export_public(as_dict=True)]}}
    oauth = msgspec.to_builtins(bank.policy.oauth)
    oauth["registration"] = {
        "require": require,
        "statement_issuers": [{"issuer": DIRECTORY} | keys] if issuers else [],
    } | more
    return bank.with_policy(oauth=oauth)


def newcomer(bank: Bank) -> Partner:
    return Partner(bank, "newcomer")


def metadata(partner: Partner, **changes) -> dict:
    said = {
        "client_name": f"Kestrel {secrets.token_hex(4)}",
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "scope": "openid accounts",
        "jwks": partner.jwks,
    } | changes
    return {name: value for name, value in said.items() if value is not None}


def statement(bank: Bank, key: JWK = KEY, header: dict | None = None, **changes) -> str:
    now = bank.clock.now
    claims = {
        "iss": DIRECTORY,
        "iat": int(now),
        "exp": int(now) + 600,
        "jti": secrets.token_urlsafe(16),
        "software_id": "kestrel-1",
        "redirect_uris": [CALLBACK],
    } | changes
    return sign(key, {k: v for k, v in claims.items() if v is not None}, **({"kid": "directory-1"} | (header or {})))


async def invite(bank: Bank, uses: int = 1, seconds: float = 1000) -> dict:
    token = secrets.token_urlsafe(32)
    now = bank.clock.now
    await bank.ports.records.add_invitation(
        Invitation(
            token_hash=token_hash(token), name="Kestrel", uses_left=uses, created_at=now, expires_at=now + seconds
        )
    )
    return {"authorization": f"Bearer {token}"}


async def register(bank: Bank, document: dict, headers: dict | None = None) -> httpx.Response:
    return await bank.http.post("/oauth/register", json=document, headers=headers or {})


async def registered(bank: Bank, partner: Partner, **changes) -> dict:
    answer = await register(bank, metadata(partner, software_statement=statement(bank)) | changes)
    assert answer.status_code == 201, answer.text
    partner.client_id = answer.json()["client_id"]
    return answer.json()


def bearer(body: dict) -> dict:
    return {"authorization": f"Bearer {body['registration_access_token']}"}


async def manage(bank: Bank, method: str, body: dict, document: dict | None = None) -> httpx.Response:
    path = body["registration_client_uri"].removeprefix(ISSUER)
    return await bank.http.request(method, path, json=document, headers=bearer(body))


def replacement(body: dict, **changes) -> dict:
    ours = ("registration_access_token", "registration_client_uri", "client_id_issued_at", "software_statement")
    said = {name: value for name, value in body.items() if name not in ours} | changes
    return {name: value for name, value in said.items() if value is not None}


def error(answer: httpx.Response, status: int, code: str, words: str = "") -> None:
    assert answer.status_code == status, answer.text
    assert answer.json()["error"] == code, answer.text
    assert words in answer.json()["error_description"], answer.text
    assert answer.headers["cache-control"] == "no-store"


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


async def test_reading_a_registration(bank: Bank) -> None:
    bank = registering(bank, "statement")
    body = await registered(bank, newcomer(bank), contacts=["ops@kestrel.example"])
    answer = await manage(bank, "GET", body)
    assert answer.status_code == 200
    expected = {k: v for k, v in body.items() if k not in ("registration_access_token", "software_statement")}
    assert answer.json() == expected


async def test_who_does_not_hold_the_token_learns_nothing(bank: Bank) -> None:
    bank = registering(bank, "statement")
    body, other = await registered(bank, newcomer(bank)), await registered(bank, newcomer(bank))
    path = body["registration_client_uri"].removeprefix(ISSUER)
    answers = [
        await bank.http.request(method, url, headers=headers, json={})
        for method in ("GET", "PUT", "DELETE")
        for url, headers in (
            (path, {}),
            (path, bearer(other)),
            (path, {"authorization": "Bearer " + "A" * 43}),
            (path, {"authorization": f"DPoP {body['registration_access_token']}"}),
            ("/oauth/register/client_nobody", bearer(body)),
            ("/oauth/register/client_one", bearer(body)),
            ("/oauth/register/%2e%2e", bearer(body)),
        )
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.json()["error"] for answer in answers} == {"invalid_token"}
    assert all(answer.headers["www-authenticate"].startswith("Bearer") for answer in answers)
    assert (await manage(bank, "GET", body)).status_code == 200


async def test_a_replacement_replaces_everything_and_the_token(bank: Bank) -> None:
    bank = registering(bank, "statement")
    partner = newcomer(bank)
    first = await registered(bank, partner, contacts=["ops@kestrel.example"], client_uri="https://kestrel.example/")
    document = replacement(first, contacts=None, client_uri=None, scope="accounts", grant_types=["client_credentials"])
    document["response_types"] = []
    document["software_statement"] = statement(bank, redirect_uris=[CALLBACK])
    answer = await manage(bank, "PUT", first, document)
    assert answer.status_code == 200, answer.text
    second = answer.json()
    assert not {"contacts", "client_uri"} & set(second)
    assert (second["scope"], second["grant_types"]) == ("accounts", ["client_credentials"])
    assert second["registration_access_token"] != first["registration_access_token"]
    # the old token is worth nothing, to its owner and to a thief
    for method in ("GET", "PUT", "DELETE"):
        error(await manage(bank, method, first, document), 401, "invalid_token")
    assert (await manage(bank, "GET", second)).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "client_one"},
        {"client_id": None},
        {"registration_access_token": "x"},
        {"registration_client_uri": "https://x.example"},
        {"client_id_issued_at": 1},
        {"client_secret_expires_at": 0},
        {"jwks": None},
    ],
)
async def test_a_replacement_that_is_refused_changes_nothing(bank: Bank, changes: dict) -> None:
    bank = registering(bank, "statement")
    body = await registered(bank, newcomer(bank))
    error(await manage(bank, "PUT", body, replacement(body, **changes)), 400, "invalid_client_metadata")
    answer = await manage(bank, "GET", body)
    assert answer.json()["jwks"] == body["jwks"]


async def test_of_fifty_replacements_with_one_token_one_wins(bank: Bank) -> None:
    bank = registering(bank, "statement")
    body = await registered(bank, newcomer(bank))
    answers = await asyncio.gather(
        *(manage(bank, "PUT", body, replacement(body, software_version=str(n))) for n in range(50))
    )
    assert sorted(a.status_code for a in answers) == [200] + [401] * 49
    winner = next(a.json() for a in answers if a.status_code == 200)
    assert (await manage(bank, "GET", winner)).json()["software_version"] == winner["software_version"]


async def test_of_fifty_that_replace_and_end_one_wins(bank: Bank) -> None:
    bank = registering(bank, "statement")
    body = await registered(bank, newcomer(bank))
    answers = await asyncio.gather(
        *(manage(bank, "PUT" if n % 2 else "DELETE", body, replacement(body)) for n in range(50))
    )
    put = [a.status_code for n, a in enumerate(answers) if n % 2]
    ended = [a.status_code for n, a in enumerate(answers) if not n % 2]
    client = await bank.ports.records.client(body["client_id"])
    blocked = (
        await bank.ports.fast.admit(Admission(blocks=(client_block(body["client_id"]),)), bank.clock.now)
    ).blocked
    if 200 in put:
        assert sorted(put) == [200] + [401] * 24
        assert ended == [401] * 25
        assert (client.status, blocked) == ("active", -1)
    else:
        # whoever comes while the end is under way repeats it
        assert set(ended) <= {204, 401}
        assert 204 in ended
        assert set(put) <= {401, 403}
        assert (client.status, blocked) == ("revoked", 0)


async def test_an_end_is_one_at_once_and_for_good(bank: Bank) -> None:
    bank = registering(bank, "statement")
    partner = newcomer(bank)
    body = await registered(bank, partner)
    tokens = await partner.tokens()
    assert (await partner.userinfo(tokens["access_token"])).status_code == 200
    answer = await manage(bank, "DELETE", body)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["cache-control"] == "no-store"
    keys = (client_block(partner.client_id), grant_block(tokens["grant_id"]))
    for key in keys:
        assert (await bank.ports.fast.admit(Admission(blocks=(key,)), bank.clock.now)).blocked == 0
    assert (await partner.userinfo(tokens["access_token"])).status_code == 401
    refused = await partner.token({"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]})
    error(refused, 401, "invalid_client")
    error(await partner.push(), 401, "invalid_client")
    for method in ("GET", "PUT", "DELETE"):
        error(await manage(bank, method, body, replacement(body)), 401, "invalid_token")
    (revoked,) = bank.events.of("GrantRevoked")
    assert (revoked.grant, revoked.why) == (tokens["grant_id"], "the client ended")
    grant = await bank.ports.records.grant(tokens["grant_id"])
    assert grant.revoked_at is not None, "the record of what a customer allowed stays"


async def test_an_end_that_broke_off_can_be_repeated(bank: Bank) -> None:
    bank = registering(bank, "statement")
    body = await registered(bank, newcomer(bank))
    assert await bank.ports.records.end_registration(body["client_id"], token_hash(body["registration_access_token"]))
    error(await manage(bank, "GET", body), 403, "unauthorized_client")
    assert (await manage(bank, "DELETE", body)).status_code == 204
    error(await manage(bank, "DELETE", body), 401, "invalid_token")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_a_suspended_client_does_not_manage_itself(bank: Bank, method: str) -> None:
    bank = registering(bank, "statement")
    partner = newcomer(bank)
    body = await registered(bank, partner)
    await bank.ports.records.set_client_status(partner.client_id, "suspended")
    error(await manage(bank, method, body, replacement(body)), 403, "unauthorized_client", "suspended")
    await bank.ports.records.set_client_status(partner.client_id, "active")
    assert (await manage(bank, "GET", body)).status_code == 200


async def test_a_suspension_meanwhile_is_not_undone_by_a_replacement(bank: Bank) -> None:
    bank = registering(bank, "statement")
    body = await registered(bank, newcomer(bank))
    records = bank.ports.records
    client, registration = await records.client(body["client_id"]), await records.registration(body["client_id"])
    await records.set_client_status(client.client_id, "suspended")
    assert not await records.replace_registration(client, registration, registration.token_hash, None)
    assert (await records.client(client.client_id)).status == "suspended"
    assert (await records.registration(client.client_id)) == registration
