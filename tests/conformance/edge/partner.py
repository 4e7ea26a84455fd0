"""A partner of any variant, as its developers would write it: general HTTP over real TLS, signatures by jwcrypto."""

import base64
import hashlib
import json
import secrets
import ssl
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from ringfence.clock import system_clock
from ringfence.edge.certificates import issue_client_certificate
from tests.conformance.edge.installed import Running
from tests.conformance.edge.variants import Variant

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KINDS = {
    "ES256": {"kty": "EC", "crv": "P-256"},
    "PS256": {"kty": "RSA", "size": 2048},
    "EdDSA": {"kty": "OKP", "crv": "Ed25519"},
}
TRANSFER = {
    "type": "transfer",
    "actions": ["initiate"],
    "instructedAmount": {"amount": "12.30", "currency": "GBP"},
    "creditorName": "Merchant A",
}


def sign(key: JWK, algorithm: str, claims: dict, **header: object) -> str:
    """Return a compact JWS; members that are None are left out."""
    jws = JWS(json.dumps({name: value for name, value in claims.items() if value is not None}).encode())
    jws.allowed_algs = [algorithm]
    protected = {"alg": algorithm, **header}
    jws.add_signature(key, None, json.dumps({k: v for k, v in protected.items() if v is not None}), None)
    return str(jws.serialize(compact=True))


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def digest(text: str) -> str:
    return b64(hashlib.sha256(text.encode()).digest())


@dataclass
class Flow:
    """One authorization request on its way."""

    request_uri: str
    verifier: str
    asked: dict
    came_back: str = ""

    @property
    def state(self) -> str:
        return str(self.asked["state"])


@dataclass
class Partner:
    running: Running
    variant: Variant
    redirect_uri: str
    client_id: str = ""
    key: JWK = field(init=False)
    dpop: JWK = field(init=False)
    pair: tuple[Path, Path] | None = None
    secure: httpx.Client | None = None
    """With the client's certificate."""

    def __post_init__(self) -> None:
        kind = KINDS[self.variant.algorithm]
        self.key = JWK.generate(**kind, kid=secrets.token_urlsafe(6))
        self.dpop = JWK.generate(**kind)

    # where, and by which connection
    def endpoint(self, name: str) -> str:
        """Return an endpoint's address: the alias where the variant shows its certificate there."""
        by_certificate = self.variant.auth != "private_key_jwt"
        bound = self.variant.constrain == "mtls" and name in ("token_endpoint", "userinfo_endpoint")
        if name == "userinfo_endpoint":
            by_certificate = False
        metadata = self.running.metadata
        return str((metadata["mtls_endpoint_aliases"] if by_certificate or bound else metadata)[name])

    @property
    def resource(self) -> str:
        """What the variant's tokens are for: with openid the customer's claims, else the accounts at the gateway."""
        if self.variant.openid:
            return self.endpoint("userinfo_endpoint")
        installation = self.running.installation
        url = f"{installation.issuer}/own/__count" if self.variant.own else installation.accounts_url
        if self.variant.constrain == "dpop":
            return url
        return url.replace(f":{installation.public_port}", f":{installation.mtls_port}")

    def http(self, url: str) -> httpx.Client:
        on_mtls = f":{self.running.installation.mtls_port}/" in url
        return self.secure if on_mtls and self.secure is not None else self.running.http

    # what it signs
    def assertion(self, key: JWK | None = None, algorithm: str = "", header: dict | None = None, **changes) -> str:
        now = int(time.time())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.running.issuer,
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "exp": now + 60,
            **changes,
        }
        head = {"kid": self.key["kid"], **(header or {})}
        return sign(key or self.key, algorithm or self.variant.algorithm, claims, **head)

    def proof(
        self,
        url: str,
        method: str = "POST",
        token: str | None = None,
        key: JWK | None = None,
        algorithm: str = "",
        header: dict | None = None,
        **changes,
    ) -> str:
        key = key or self.dpop
        claims = {"htm": method, "htu": url, "iat": int(time.time()), "jti": secrets.token_urlsafe(16), **changes}
        if token is not None:
            claims.setdefault("ath", digest(token))
        head = {"typ": "dpop+jwt", "jwk": key.export_public(as_dict=True), **(header or {})}
        return sign(key, algorithm or self.variant.algorithm, claims, **head)

    def request_object(self, asked: dict, key: JWK | None = None, algorithm: str = "", **changes) -> str:
        now = int(time.time())
        claims = {
            "iss": self.client_id,
            "aud": self.running.issuer,
            "iat": now,
            "nbf": now,
            "exp": now + 300,
            **asked,
            **changes,
        }
        head = {"typ": "oauth-authz-req+jwt", "kid": self.key["kid"]}
        return sign(key or self.key, algorithm or self.variant.algorithm, claims, **head)

    # the endpoints
    def authenticated(self, form: dict) -> dict:
        if self.variant.auth != "private_key_jwt":
            return {"client_id": self.client_id, **form}
        return {"client_assertion_type": TYPE, "client_assertion": self.assertion(), **form}

    def post(self, name: str, form: dict, headers: dict | list | None = None) -> httpx.Response:
        url = self.endpoint(name)
        form = {k: v for k, v in self.authenticated(form).items() if v is not None}
        return self.http(url).post(url, data=form, headers=headers or {})

    def asked(self, verifier: str, **changes) -> dict:
        """Return the parameters of an authorization request."""
        scopes = (["openid"] if self.variant.openid else []) + ["accounts"]
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(scopes),
            "state": secrets.token_urlsafe(12),
            "nonce": secrets.token_urlsafe(12) if self.variant.openid else None,
            "code_challenge": digest(verifier),
            "code_challenge_method": "S256",
            "response_mode": "jwt" if self.variant.jarm else None,
            "authorization_details": [TRANSFER] if self.variant.rar else None,
            **changes,
        }
        return {name: value for name, value in asked.items() if value is not None}

    def pushed_form(self, asked: dict) -> dict:
        """Return a request as this variant sends it: signed where it signs."""
        if self.variant.signed:
            return {"client_id": self.client_id, "request": self.request_object(asked)}
        form = dict(asked)
        if isinstance(form.get("authorization_details"), list):
            form["authorization_details"] = json.dumps(form["authorization_details"])
        return form

    def push(
        self, *, proof: bool = False, outside: dict | None = None, verifier: str = "v" * 43, **changes
    ) -> httpx.Response:
        """Push a request; `changes` are to what is asked, `outside` to the form around it."""
        headers = {"dpop": self.proof(self.endpoint(PAR))} if proof else {}
        return self.post(PAR, self.pushed_form(self.asked(verifier, **changes)) | (outside or {}), headers)

    def begin(self, *, proof: bool = False, outside: dict | None = None, **changes) -> Flow:
        verifier = secrets.token_urlsafe(32)
        asked = self.asked(verifier, **changes)
        headers = {"dpop": self.proof(self.endpoint(PAR))} if proof else {}
        answer = self.post(PAR, self.pushed_form(asked) | (outside or {}), headers)
        assert answer.status_code == 201, answer.text
        return Flow(answer.json()["request_uri"], verifier, asked)

    def address(self, request_uri: str, **more: str) -> str:
        """Return where the customer's browser is sent."""
        query = {"client_id": self.client_id, "request_uri": request_uri, **more}
        return f"{self.running.metadata['authorization_endpoint']}?{urlencode(query)}"

    def visit(self, flow: Flow, **more: str) -> Flow:
        """Let the customer allow it."""
        flow.came_back = self.running.customer.consent(self.address(flow.request_uri, **more))
        return flow

    def answer(self, came_back: str) -> dict:
        """Return the parameters of an authorization response: those in its signed one, where it is signed."""
        assert came_back.startswith(self.redirect_uri), came_back
        rest = came_back.removeprefix(self.redirect_uri)
        assert rest[0] == ("&" if "?" in self.redirect_uri else "?"), came_back
        pairs = parse_qsl(rest[1:], keep_blank_values=True)
        found = dict(pairs)
        assert len(found) == len(pairs), "a parameter came twice"
        if not self.variant.jarm:
            assert found.pop("iss") == self.running.issuer
            return found
        assert set(found) == {"response"}
        claims = verified(found["response"], self.running)
        assert claims.pop("iss") == self.running.issuer
        assert claims.pop("aud") == self.client_id
        assert time.time() < claims.pop("exp") <= time.time() + 600
        return claims

    def redemption(self, flow: Flow, **changes) -> dict:
        return {
            "grant_type": "authorization_code",
            "code": self.answer(flow.came_back)["code"],
            "redirect_uri": self.redirect_uri,
            "code_verifier": flow.verifier,
            **changes,
        }

    def token(self, form: dict, *, proof: str | None = "", key: JWK | None = None) -> httpx.Response:
        """Call the token endpoint; `proof` is None for none, `""` for a good one."""
        headers = {}
        if self.variant.constrain == "dpop" and proof is not None:
            headers = {"dpop": proof or self.proof(self.endpoint("token_endpoint"), key=key)}
        return self.post("token_endpoint", form, headers)

    def own_form(self) -> dict:
        return {"grant_type": "client_credentials", "scope": "accounts"}

    def fresh_form(self) -> dict:
        """Return a token request that would succeed: of the variant's own grant type."""
        return self.own_form() if self.variant.own else self.redemption(self.visit(self.begin()))

    def tokens(self, **changes) -> dict:
        """Go all the way."""
        form = self.own_form() if self.variant.own else self.redemption(self.visit(self.begin(**changes)))
        answer = self.token(form)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def call(
        self,
        token: str,
        *,
        proofs: list[str] | None = None,
        scheme: str = "",
        url: str = "",
        http: httpx.Client | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Call the resource."""
        url = url or self.resource
        dpop = self.variant.constrain == "dpop"
        if proofs is None:
            proofs = [self.proof(url, "GET", token)] if dpop else []
        fields = [("authorization", f"{scheme or ('DPoP' if dpop else 'Bearer')} {token}")]
        fields += [("dpop", proof) for proof in proofs]
        fields += list((headers or {"accept": "application/json"}).items())
        return (http or self.http(url)).get(url, headers=fields)


PAR = "pushed_authorization_request_endpoint"


def verified(token: str, running: Running) -> dict:
    """Verify what the server signed by jwcrypto, and return its claims."""
    jws = JWS()
    jws.deserialize(token)
    header = json.loads(jws.objects["protected"])
    (key,) = (key for key in running.jwks["keys"] if key["kid"] == header["kid"])
    assert header["alg"] == key["alg"]
    jws.verify(JWK(**key))
    return dict(json.loads(jws.payload))


def register(running: Running, variant: Variant, number: int) -> Partner:
    """Register a client of a variant with the running server; the second one's redirect URI has a query."""
    name = f"{variant.name}-{number}"
    if name in running.partners:
        return running.partners[name]
    redirect_uri = f"https://{name}.example/callback" + ("?dummy1=lorem&dummy2=ipsum" if number == 2 else "")
    partner = Partner(running, variant, redirect_uri)
    self_signed = variant.auth == "self_signed_tls_client_auth"
    client: dict = {
        "name": f"Partner {name}",
        "authentication": variant.auth,
        "binding": variant.constrain,
        "redirect_uris": [redirect_uri],
        "scopes": ["accounts", *(["openid"] if variant.openid else [])],
        "grant_types": ["client_credentials"] if variant.own else ["authorization_code", "refresh_token"],
        "profile": "fapi2-message-signing" if variant.signed and variant.jarm else "fapi2",
    }
    if variant.own:
        del client["redirect_uris"]
    if variant.signed:
        client["require_signed_request_object"] = True
    if variant.rar:
        client["authorization_details_types"] = ["transfer"]
    if "tls" in variant.auth or variant.constrain == "mtls":
        tls = running.installation.authority.parent
        partner.pair = issue_client_certificate(tls, name, system_clock(), self_signed=self_signed)
        partner.secure = with_certificate(running, partner.pair)
    if self_signed:
        assert partner.pair
        client["certificate"] = partner.pair[0].read_text()
    if variant.auth == "tls_client_auth":
        client["tls_subject"] = f"CN={name}"
    if variant.auth == "private_key_jwt" or (variant.signed and not self_signed):
        published = partner.key.export_public(as_dict=True) | {"use": "sig", "alg": variant.algorithm}
        client["jwks"] = {"keys": [published]}
    partner.client_id = running.management.add_client(client)
    running.partners[name] = partner
    return partner


def with_certificate(running: Running, pair: tuple[Path, Path]) -> httpx.Client:
    context = ssl.create_default_context(cafile=running.installation.authority)
    context.load_cert_chain(*pair)
    return httpx.Client(verify=context, timeout=10, trust_env=False)


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
