"""The authorization server over the real stores, a partner that signs with jwcrypto, and a browser."""

import asyncio
import base64
import hashlib
import html
import json
import re
import secrets
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from ringfence.clock import Instant
from ringfence.fetching import Fetched, Target, Unfetchable
from ringfence.ids import system_random
from ringfence.keys.providers.local import LocalSigner
from ringfence.keys.sealing import Sealer
from ringfence.oauth.client_keys import ClientKeys
from ringfence.oauth.exchange import Server
from ringfence.oauth.http import create_app
from ringfence.oauth.ports import Ports
from ringfence.oauth.profile import compile_profile
from ringfence.policy.model import Policy
from ringfence.problem import Reason, Refused
from ringfence.proofs.nonces import KeyedNonces
from ringfence.proofs.pairwise_subjects import PairwiseSubjects
from ringfence.store.embedded.lmdb_risk import LmdbRisk
from ringfence.store.embedded.lmdb_state import LmdbState
from ringfence.store.interface import Unavailable
from ringfence.store.model import Client, User
from ringfence.store.records import open_records
from tests.local_sets import LocalSets

ISSUER = "https://bank.example"
MTLS = "https://mtls.bank.example"
CALLBACK = "https://partner.example/callback"
START = 1_800_000_000.0
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def make_policy(**changes) -> Policy:
    tls = {"certificate": "c.pem", "key": "k.pem"}
    document = {
        "version": 1,
        "issuer": ISSUER,
        "mtls_url": MTLS,
        "listeners": {
            "public": {"port": 8443, "tls": tls},
            "mtls": {"port": 8444, "tls": tls, "client_certificates": {"authorities": ["ca.pem"]}},
        },
        "oauth": {
            "login_title": "Demo Bank",
            "scopes": {"accounts": "See your accounts", "payments": "Make payments", "profile": "See your name"},
            "resource": "urn:bank:apis",
        },
        "apis": [{"name": "a", "versions": [{"name": "v1", "openapi": "a.yaml", "upstream": {"url": "http://u"}}]}],
        "on_outage": {"fast_state": "refuse", "records": "refuse", "events": "spill", "upstream": "refuse"},
    }
    return msgspec.convert(document | changes, Policy)


class Clock:
    def __init__(self) -> None:
        self.now = Instant(START)

    def __call__(self) -> Instant:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now = Instant(self.now + seconds)


class RecordingEvents:
    def __init__(self) -> None:
        self.seen: list = []
        self.full = False

    def emit(self, event) -> None:
        if self.full:
            raise Unavailable("the stream is full")
        self.seen.append(event)

    def of(self, kind: str) -> list:
        return [event for event in self.seen if type(event).__name__ == kind]


class Web:
    """What partners have on the web, without one: `app.fetching` has its own tests."""

    def __init__(self) -> None:
        self.pages: dict[str, object] = {}
        self.asked: list[str] = []

    async def fetch(self, target: Target, etag: str) -> Fetched:
        url = f"https://{target.authority}{target.path}"
        self.asked.append(url)
        if url not in self.pages:
            raise Unfetchable("answered 404")
        page = self.pages[url]
        body = page if isinstance(page, bytes) else json.dumps(page).encode()
        return Fetched(body, unchanged=False, etag="", fresh_for=300.0)


class Posts:
    """Where notices arrive, and what is answered, without a network."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, bytes, str, str]] = []
        self.answers: list[int | Exception] = []

    async def post(self, target: Target, body: bytes, media_type: str, bearer: str) -> int:
        self.seen.append((f"https://{target.authority}{target.path}", body, media_type, bearer))
        answer = self.answers.pop(0) if self.answers else 204
        if isinstance(answer, Exception):
            raise answer
        return answer


class PlainPasswords:
    """Compares plainly: Argon2 has its own test and takes 60 ms a time."""

    async def verify(self, stored: str, presented: str) -> None:
        if not stored or stored != presented:
            raise Refused(Reason.LOGIN_FAILED)


def sign(key: JWK, claims: dict, **header) -> str:
    jws = JWS(json.dumps(claims).encode())
    protected = {"alg": "ES256"} | header
    jws.add_signature(key, None, json.dumps({k: v for k, v in protected.items() if v is not None}), None)
    return jws.serialize(compact=True)


class Partner:
    def __init__(self, bank: "Bank", client_id: str) -> None:
        self.bank = bank
        self.client_id = client_id
        self.key = JWK.generate(kty="EC", crv="P-256", kid=f"{client_id}-key")
        self.dpop = JWK.generate(kty="EC", crv="P-256")
        self.verifier = secrets.token_urlsafe(32)

    @property
    def jwks(self) -> dict:
        return {"keys": [self.key.export_public(as_dict=True)]}

    @property
    def challenge(self) -> str:
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).decode().rstrip("=")

    def assertion(self, key: JWK | None = None, header: dict | None = None, **changes) -> str:
        now = self.bank.clock.now
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": ISSUER,
            "jti": secrets.token_urlsafe(16),
            "iat": int(now),
            "exp": int(now) + 60,
        } | changes
        claims = {k: v for k, v in claims.items() if v is not None}
        return sign(key or self.key, claims, **({"kid": self.key.kid} | (header or {})))

    def proof(
        self,
        path: str,
        method: str = "POST",
        key: JWK | None = None,
        token: str | None = None,
        header: dict | None = None,
        **changes,
    ) -> str:
        key = key or self.dpop
        claims = {
            "htm": method,
            "htu": path if path.startswith("https:") else ISSUER + path,
            "iat": int(self.bank.clock.now),
            "jti": secrets.token_urlsafe(16),
        } | changes
        if token is not None:
            claims.setdefault("ath", base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).decode()[:43])
        claims = {k: v for k, v in claims.items() if v is not None}
        head = {"typ": "dpop+jwt", "jwk": key.export_public(as_dict=True)} | (header or {})
        return sign(key, claims, **head)

    def request(self, **changes) -> dict:
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "scope": "openid accounts",
            "state": "the-state",
            "nonce": "the-nonce",
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
        } | changes
        return {k: v for k, v in asked.items() if v is not None}

    def authenticated(self, form: dict) -> dict:
        return {"client_assertion_type": TYPE, "client_assertion": self.assertion()} | form

    async def post(self, path: str, form: dict, headers: dict | None = None, **options) -> httpx.Response:
        form = {k: v for k, v in self.authenticated(form).items() if v is not None}
        return await self.bank.http.post(path, data=form, headers=headers or {}, **options)

    async def push(self, proof: bool = False, **changes) -> httpx.Response:
        headers = {"dpop": self.proof("/oauth/par")} if proof else {}
        return await self.post("/oauth/par", self.request(**changes), headers)

    async def pushed_uri(self, **changes) -> str:
        answer = await self.push(**changes)
        assert answer.status_code == 201, answer.text
        return answer.json()["request_uri"]

    async def code(self, browser: "Browser | None" = None, **changes) -> str:
        browser = browser or Browser(self.bank)
        location = await browser.authorize(self.client_id, await self.pushed_uri(**changes))
        return parse_qs(urlsplit(location).query)["code"][0]

    def redemption(self, code: str, **changes) -> dict:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": self.verifier,
        } | changes
        return {k: v for k, v in form.items() if v is not None}

    async def token(self, form: dict, proof: str | None = "", **options) -> httpx.Response:
        if proof == "":
            proof = self.proof("/oauth/token")
        headers = {"dpop": proof} if proof is not None else {}
        return await self.post("/oauth/token", form, headers, **options)

    async def tokens(self, **changes) -> dict:
        answer = await self.token(self.redemption(await self.code(**changes)))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def userinfo(self, token: str, scheme: str = "DPoP", key: JWK | None = None, **changes) -> httpx.Response:
        proof = self.proof("/oauth/userinfo", "GET", key, token, **changes)
        return await self.bank.http.get(
            "/oauth/userinfo", headers={"authorization": f"{scheme} {token}", "dpop": proof}
        )


class Page:
    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.text = answer.text
        self.hidden = {
            name: html.unescape(value)
            for name, value in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', self.text)
        }
        action = re.search(r'<form [^>]*action="([^"]*)"', self.text)
        self.action = html.unescape(action[1]) if action else ""

    @property
    def is_login(self) -> bool:
        return 'id="login-form"' in self.text

    @property
    def is_second_step(self) -> bool:
        return 'id="second-step-heading"' in self.text

    @property
    def is_consent(self) -> bool:
        return 'id="consent-form"' in self.text


class Browser:
    def __init__(self, bank: "Bank", address: str = "198.51.100.7") -> None:
        self.http = bank.client(address)

    async def visit(self, client_id: str, request_uri: str, **more) -> Page:
        return await self.follow(
            await self.http.get("/oauth/authorize", params={"client_id": client_id, "request_uri": request_uri} | more)
        )

    async def follow(self, answer: httpx.Response) -> Page:
        for _ in range(5):
            if answer.status_code != 303 or urlsplit(answer.headers["location"]).netloc:
                break
            answer = await self.http.get(answer.headers["location"])
        return Page(answer)

    async def submit(self, page: Page, headers: dict | None = None, **fields) -> Page:
        answer = await self.http.post(page.action, data=page.hidden | fields, headers=headers or {})
        return await self.follow(answer)

    async def log_in(self, page: Page, username: str = "mia", password: str = "right") -> Page:
        return await self.submit(page, username=username, password=password)

    async def consent_page(self, client_id: str, request_uri: str) -> Page:
        page = await self.visit(client_id, request_uri)
        return await self.log_in(page) if page.is_login else page

    async def authorize(self, client_id: str, request_uri: str, decision: str = "allow") -> str:
        page = await self.consent_page(client_id, request_uri)
        assert page.is_consent, page.text
        return (await self.submit(page, decision=decision)).answer.headers["location"]


class Bank:
    """The authorization server with its stores, and who deals with it."""

    def __init__(self, policy: Policy, ports: Ports, clock: Clock, events: RecordingEvents) -> None:
        self.policy, self.ports, self.clock, self.events = policy, ports, clock, events
        self.server = Server(compile_profile(policy), ports)
        self.app = create_app(policy, ports)
        self.clients: list[httpx.AsyncClient] = []
        self.web, self.posts = Web(), Posts()
        self.http = self.client("203.0.113.9")
        self.partner = Partner(self, "client_one")
        self.other = Partner(self, "client_two")

    def client(self, address: str, **edge: str) -> httpx.AsyncClient:
        headers = {"x-ringfence-peer": address, "x-ringfence-listener": "public", "accept-encoding": ""} | edge
        transport = httpx.ASGITransport(self.app)
        client = httpx.AsyncClient(transport=transport, base_url=self.policy.issuer, headers=headers)
        self.clients.append(client)
        return client

    def with_policy(self, **changes) -> "Bank":
        bank = Bank(make_policy(**changes), self.ports, self.clock, self.events)
        bank.partner.key, bank.partner.dpop = self.partner.key, self.partner.dpop
        bank.web = self.web
        bank.posts = self.posts
        self.clients += bank.clients
        return bank

    def browser(self, address: str = "198.51.100.7") -> Browser:
        return Browser(self, address)

    async def register(self, partner: Partner, **changes) -> Client:
        client = Client(
            **{
                "client_id": partner.client_id,
                "name": f"Partner {partner.client_id}",
                "jwks": partner.jwks,
                "redirect_uris": (CALLBACK, f"{CALLBACK}?dummy1=lorem&dummy2=ipsum"),
                "scopes": ("openid", "accounts", "payments", "profile"),
                "grant_types": ("authorization_code", "refresh_token", "client_credentials"),
                "created_at": self.clock.now,
            }
            | changes
        )
        await self.ports.records.add_client(client)
        return client

    def claims(self, token: str) -> dict:
        """Verify a token of ours with jwcrypto and return its claims."""
        jws = JWS()
        jws.deserialize(token)
        kid = json.loads(jws.objects["protected"])["kid"]
        key = next(k for k in self.ports.signer.public_jwks()["keys"] if k["kid"] == kid)
        jws.verify(JWK(**key))
        return json.loads(jws.payload)


CIBA = "urn:openid:params:grant-type:ciba"


@pytest.fixture
async def ciba(bank: "Bank") -> Partner:
    """A partner that asks customers without a redirect, and is pinged."""
    partner = Partner(bank, "client_ciba")
    await bank.register(
        partner,
        grant_types=("authorization_code", "refresh_token", CIBA),
        backchannel_token_delivery_mode="ping",
        backchannel_client_notification_endpoint="https://partner.example/ciba",
    )
    return partner


@pytest.fixture
def ask(ciba: Partner):
    """Ask as that partner; returns the answer."""

    async def asked(**changes) -> httpx.Response:
        form = {
            "scope": "openid accounts",
            "login_hint": "mia",
            "binding_message": "W4SCT",
            "client_notification_token": "t" * 30,
        } | changes
        return await ciba.post("/oauth/bc-authorize", form)

    return asked


@pytest.fixture(scope="session")
def template(tmp_path_factory) -> Path:
    """An empty database, migrated once."""
    path = tmp_path_factory.mktemp("records") / "records.db"

    async def migrate() -> None:
        await (await open_records(f"sqlite+aiosqlite:///{path}")).close()

    asyncio.run(migrate())
    return path


@pytest.fixture
async def records_url(tmp_path: Path, template: Path) -> str:
    """A migrated database without a record; the conformance tests have PostgreSQL here as well."""
    database = tmp_path / "records.db"
    shutil.copy(template, database)
    return f"sqlite+aiosqlite:///{database}"


@pytest.fixture
async def bank(tmp_path: Path, records_url: str) -> AsyncIterator[Bank]:
    records = await open_records(records_url)
    fast = LmdbState(tmp_path / "fast")
    clock, events, web = Clock(), RecordingEvents(), Web()
    signer = LocalSigner(ec.generate_private_key(ec.SECP256R1()))
    ports = Ports(
        records=records,
        fast=fast,
        signer=signer,
        events=events,
        passwords=PlainPasswords(),
        clock=clock,
        random=system_random,
        nonces=KeyedNonces(b"n" * 32),
        client_keys=ClientKeys(web, clock),
        sealer=Sealer(b"s" * 32, system_random),
        fetcher=web,
        subjects=PairwiseSubjects(b"p" * 64),
        sets=LocalSets(),
        risks=LmdbRisk(tmp_path / "risk.mdb"),
    )
    made = Bank(make_policy(), ports, clock, events)
    made.web = web
    await made.register(made.partner)
    await made.register(made.other)
    await records.add_user(
        User(user_id="user_mia", username="mia", password_hash="right", name="Mia Berg", created_at=clock.now)
    )
    yield made
    for client in made.clients:
        await client.aclose()
    await records.close()
    fast.close()
