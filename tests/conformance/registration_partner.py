"""A directory that vouches for software, and partners that register their clients themselves."""

import secrets

import httpx
import msgspec
from jwcrypto.jwk import JWK
from oauth_harness import CALLBACK, ISSUER, Bank, Partner, sign

from ringfence.ids import token_hash
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
