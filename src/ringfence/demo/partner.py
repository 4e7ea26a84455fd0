"""A partner's client: pushes its request, redeems the code, calls the APIs.  FAPI 2.0 Security Profile §5.3.3.

It is written as a partner would write it, with a general HTTP client and a JOSE library, and knows of
Ringfence only what the metadata says.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey

from ringfence.clock import Clock
from ringfence.demo.dpop import make_proof, sha256_base64url
from ringfence.ids import Random, new_token

ASSERTION_SECONDS: Final = 60
"""How long a client assertion is good: the time of one request, with a clock that is off by some."""

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
"""RFC 7523 §2.2."""


class Unexpected(Exception):
    """The server answered something that a partner must not go on with."""


@dataclass(frozen=True)
class Server:
    """What the authorization server says about itself.  RFC 8414 §2."""

    issuer: str
    pushed_request: str
    authorize: str
    token: str
    revoke: str
    jwks: str


@dataclass(frozen=True)
class Pushed:
    """A request that was pushed, with what is needed when the customer comes back."""

    request_uri: str
    state: str
    verifier: str
    seconds: int


@dataclass(frozen=True)
class Tokens:
    """What came of a consent. The access token is of use only with the key that it is bound to."""

    access_token: str
    refresh_token: str
    seconds: int
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class Registration:
    """What a partner is known by at the bank, and its private keys."""

    name: str
    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    assertion_key: ECKey
    """Signs client assertions; its public part is registered."""
    dpop_key: ECKey
    """Proves possession of tokens; needs no registration."""


def discover(http: httpx.Client, issuer: str) -> Server:
    """Read the metadata of an issuer.

    Raises:
        Unexpected: it is not there, or it speaks for another issuer (RFC 8414 §3.3).
    """
    parts = urlsplit(issuer)
    url = f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{parts.path}"
    said = _expect(http.get(url), 200)
    if said["issuer"] != issuer:
        raise Unexpected(f"{url} speaks for {said['issuer']}")
    return Server(
        issuer=issuer,
        pushed_request=said["pushed_authorization_request_endpoint"],
        authorize=said["authorization_endpoint"],
        token=said["token_endpoint"],
        revoke=said["revocation_endpoint"],
        jwks=said["jwks_uri"],
    )


class Partner:
    """A partner in conversation with one authorization server and the APIs behind it."""

    def __init__(
        self, registration: Registration, server: Server, http: httpx.Client, clock: Clock, random: Random
    ) -> None:
        """Take the registration and the means; nothing is sent yet."""
        self.registration: Final = registration
        self.server: Final = server
        self._http: Final = http
        self._clock: Final = clock
        self._random: Final = random

    def push(self, scopes: tuple[str, ...], details: Sequence[dict[str, Any]] = ()) -> Pushed:
        """Push an authorization request with PKCE, bound to our DPoP key.  RFC 9126 §2; RFC 7636; RFC 9449 §10.1.

        `details` are what exactly is asked for, where scopes are not enough (RFC 9396 §2).
        """
        state, verifier = new_token(self._random), new_token(self._random)
        answer = self._post(
            self.server.pushed_request,
            {
                "response_type": "code",
                "redirect_uri": self.registration.redirect_uri,
                "scope": " ".join(scopes),
                "state": state,
                "code_challenge": sha256_base64url(verifier),
                "code_challenge_method": "S256",
                **({"authorization_details": json.dumps(details)} if details else {}),
            },
            201,
        )
        return Pushed(answer["request_uri"], state, verifier, int(answer["expires_in"]))

    def authorization_url(self, pushed: Pushed) -> str:
        """Return where the customer's browser is sent.  RFC 9126 §4."""
        query = {"client_id": self.registration.client_id, "request_uri": pushed.request_uri}
        return f"{self.server.authorize}?{urlencode(query)}"

    def redeem(self, came_back: str, pushed: Pushed) -> Tokens:
        """Redeem the code in the URL that the customer's browser came back to.

        Raises:
            Unexpected: it is the answer to another request, from another issuer (RFC 9207 §2.4), or an error.
        """
        answer = {name: values[0] for name, values in parse_qs(urlsplit(came_back).query).items()}
        if not came_back.startswith(self.registration.redirect_uri + "?"):
            raise Unexpected("the browser came back to another address")
        if answer.get("state") != pushed.state or answer.get("iss") != self.server.issuer:
            raise Unexpected("the answer belongs to another request or issuer")
        if "code" not in answer:
            raise Unexpected(f"the customer's bank answered {answer.get('error')}")
        form = {
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": self.registration.redirect_uri,
            "code_verifier": pushed.verifier,
        }
        return self._tokens(form, "")

    def refresh(self, tokens: Tokens) -> Tokens:
        """Get a new access token; the refresh token stays unless another one comes.  RFC 6749 §6."""
        form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
        return self._tokens(form, tokens.refresh_token)

    def call(
        self, method: str, url: str, tokens: Tokens, body: Any = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Call an API with the token and a fresh proof of possession.  RFC 9449 §7.1."""
        proof = self.proof(method, url, tokens.access_token)
        fields = {"authorization": f"DPoP {tokens.access_token}", "dpop": proof, **(headers or {})}
        return self._http.request(method, url, json=body, headers=fields)

    def proof(self, method: str, url: str, access_token: str = "") -> str:
        """Return a fresh DPoP proof for one request."""
        return make_proof(self.registration.dpop_key, method, url, self._clock(), self._random, access_token)

    def _tokens(self, form: dict[str, str], refresh_token: str) -> Tokens:
        answer = self._post(self.server.token, form, 200)
        if answer["token_type"] != "DPoP":  # noqa: S105 a type, RFC 9449 §5
            raise Unexpected(f"the token is {answer['token_type']}, not bound to our key")
        return Tokens(
            answer["access_token"],
            answer.get("refresh_token", refresh_token),
            int(answer["expires_in"]),
            tuple(answer.get("scope", "").split()),
        )

    def _post(self, url: str, form: dict[str, str], status: int) -> dict[str, Any]:
        fields = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": self._assertion(), **form}
        return _expect(self._http.post(url, data=fields, headers={"dpop": self.proof("POST", url)}), status)

    def _assertion(self) -> str:
        """Return a fresh client assertion; its audience is the issuer.  RFC 7523 §3; FAPI 2.0 SP §5.3.2.1-8."""
        now = int(self._clock())
        client_id, key = self.registration.client_id, self.registration.assertion_key
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": self.server.issuer,
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
            "jti": new_token(self._random),
        }
        return jwt.encode({"typ": "JWT", "alg": "ES256", "kid": key.thumbprint()}, claims, key, algorithms=["ES256"])


def _expect(response: httpx.Response, status: int) -> dict[str, Any]:
    if response.status_code != status:
        raise Unexpected(
            f"{response.request.method} {response.request.url.path} answered {response.status_code}: {response.text[:500]}"
        )
    answer: dict[str, Any] = response.json()
    return answer
