"""A partner and a customer in conversation with the authorization server, as fast as they can be."""

import asyncio
import html
import re
import secrets
from collections.abc import Callable, Coroutine, Iterator
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import httpx
import msgspec
import uvloop
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from bench.callers import P256_BYTES, encoded, jwk
from bench.conversation import Conversation
from bench.installation import Installation
from ringfence.clock import system_clock
from ringfence.demo.customer import Browser, Customer
from ringfence.demo.dpop import sha256_base64url
from ringfence.demo.management import Management

CALLBACK = "https://bench.example/callback"
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS = 240
"""Assertions and proofs are made before the run."""
CONVERSATIONS = 16
_FIELD = re.compile(rb'<input type="hidden" name="([^"]*)" value="([^"]*)">')
_ACTION = re.compile(rb'<form id="consent-form" method="post" action="([^"]*)"')
_SEE_OTHER = 303


class Partner:
    """A client with keys in memory, and a customer who is logged in."""

    def __init__(self, installed: Installation) -> None:
        """Register both with the running server."""
        self.installed, self.issuer = installed, installed.policy.issuer
        self.key, self.dpop = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        with Management(installed.where.admin_socket) as management:
            published = {**jwk(self.key), "kid": "bench", "alg": "ES256", "use": "sig"}
            self.client_id = management.add_client(
                {
                    "name": "Bench",
                    "jwks": {"keys": [published]},
                    "redirect_uris": [CALLBACK],
                    "scopes": ["accounts"],
                    "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
                }
            )
            password = secrets.token_urlsafe(24)
            management.add_user("bench", password, "Bench")
        self._header = encoded(msgspec.json.encode({"alg": "ES256", "kid": "bench"}))
        self._proof_header = encoded(msgspec.json.encode({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk(self.dpop)}))
        self._cookies = self._log_in(password)

    def _log_in(self, password: str) -> str:
        with httpx.Client(verify=False, timeout=10, trust_env=False) as http:
            pushed = http.post(f"{self.issuer}/oauth/par", data=self.authenticated(self.asked("v" * 43))).json()
            query = urlencode({"client_id": self.client_id, "request_uri": pushed["request_uri"]})
            Customer("bench", password, Browser(http)).consent(f"{self.issuer}/oauth/authorize?{query}")
            return "; ".join(f"{cookie.name}={cookie.value}" for cookie in http.cookies.jar)

    # what is sent
    def signed(self, header: str, claims: dict[str, Any], key: ec.EllipticCurvePrivateKey) -> str:
        """Return a compact JWS by ES256."""
        text = f"{header}.{encoded(msgspec.json.encode(claims))}"
        r, s = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{text}.{encoded(r.to_bytes(P256_BYTES, 'big') + s.to_bytes(P256_BYTES, 'big'))}"

    def authenticated(self, form: dict[str, str]) -> dict[str, str]:
        """Return a form with a fresh client assertion."""
        now = int(system_clock())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.issuer,
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
        }
        return {"client_assertion_type": TYPE, "client_assertion": self.signed(self._header, claims, self.key), **form}

    def proof(self, url: str) -> str:
        """Return a fresh DPoP proof for a POST."""
        claims = {"htm": "POST", "htu": url, "iat": int(system_clock()), "jti": secrets.token_urlsafe(16)}
        return self.signed(self._proof_header, claims, self.dpop)

    def asked(self, verifier: str) -> dict[str, str]:
        """Return the parameters of an authorization request."""
        return {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "scope": "accounts",
            "state": "s" * 22,
            "code_challenge": sha256_base64url(verifier),
            "code_challenge_method": "S256",
        }

    def post(self, path: str, form: dict[str, str], *, proven: bool) -> bytes:
        """Return a request of an authenticated client, on the wire."""
        fields = {"dpop": self.proof(self.issuer + path)} if proven else {}
        return self._message("POST", path, fields, urlencode(self.authenticated(form)).encode())

    def _message(self, method: str, path: str, fields: dict[str, str], body: bytes = b"") -> bytes:
        lines = [f"{method} {path} HTTP/1.1", f"host: {self.issuer.removeprefix('https://')}"]
        if body:
            lines += ["content-type: application/x-www-form-urlencoded", f"content-length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in fields.items()]
        return "\r\n".join([*lines, "", ""]).encode() + body

    # whole conversations
    async def code(self, talk: Conversation, pushed: bytes) -> str:
        """Push a request, let the customer allow it, and return the code.  Raises RuntimeError."""
        browser = {"cookie": self._cookies}
        said = await talk.ask(pushed)
        request_uri = msgspec.json.decode(said.body)["request_uri"]
        where = f"/oauth/authorize?client_id={self.client_id}&request_uri={quote(request_uri)}"
        arrived = await talk.ask(self._message("GET", where, browser))
        page = await talk.ask(self._message("GET", arrived.headers["location"], browser))
        action = _ACTION.search(page.body)
        if action is None:
            raise RuntimeError(f"no consent page but {page.status}: {page.body[:500]!r}")
        form = {name.decode(): html.unescape(value.decode()) for name, value in _FIELD.findall(page.body)}
        sent = urlencode({**form, "decision": "allow"}).encode()
        decided = await talk.ask(self._message("POST", html.unescape(action[1].decode()), browser, sent))
        if decided.status != _SEE_OTHER:
            raise RuntimeError(f"the decision was answered by {decided.status}: {decided.body[:500]!r}")
        return parse_qs(urlsplit(decided.headers["location"]).query)["code"][0]

    def redemption(self, code: str, verifier: str) -> dict[str, str]:
        """Return the form that redeems a code."""
        return {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": verifier}

    def codes(self, count: int) -> list[str]:
        """Return that many fresh codes, each of a request of its own with the verifier `vvv…`."""
        pushed = iter([self.pushed() for _ in range(count)])
        found: list[str] = []

        async def some(talk: Conversation) -> None:
            found.extend([await self.code(talk, request) for request in pushed])

        self.converse(some)
        return found

    def pushed(self) -> bytes:
        """Return a request that pushes a request, with a proof."""
        return self.post("/oauth/par", self.asked("v" * 43), proven=True)

    def converse(self, what: Callable[[Conversation], Coroutine[Any, Any, None]]) -> None:
        """Do it on sixteen connections at once."""

        async def one() -> None:
            talk = await Conversation.open(self.installed.public_port)
            await what(talk)
            talk.close()

        async def all_of_them() -> None:
            await asyncio.gather(*(one() for _ in range(CONVERSATIONS)))

        uvloop.run(all_of_them())

    def tokens(self) -> dict[str, Any]:
        """Return a token response."""
        (code,) = self.codes(1)
        found: list[dict[str, Any]] = []

        async def redeem(talk: Conversation) -> None:
            if not found:
                found.append({})
                form = self.redemption(code, "v" * 43)
                answer = await talk.ask(self.post("/oauth/token", form, proven=True))
                found[0].update(msgspec.json.decode(answer.body))

        self.converse(redeem)
        return found[0]

    def posts(self, path: str, form: dict[str, str], count: int, *, proven: bool) -> Iterator[bytes]:
        """Yield that many requests of one form, each with an assertion and a proof of its own."""
        for _ in range(count):
            yield self.post(path, form, proven=proven)
