"""A transmitter that signs by another library, and a bank that believes it as its policy says."""

import json
import secrets
from typing import Any

import httpx
import msgspec
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from ringfence.oauth.client_keys import ClientKeys
from ringfence.proofs.security_event import SET_ALGORITHMS
from ringfence.secret import Secret
from ringfence.store.interface import Admission, Unavailable
from ringfence.store.measures import step_up_mark
from ringfence.store.model import Grant, Session

IDP = "https://idp.example"
SECRET = "t0ken-of-the-identity-provider"
CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
RISC = "https://schemas.openid.net/secevent/risc/event-type/"
SSF = "https://schemas.openid.net/secevent/ssf/event-type/"
MIA = {"format": "email", "email": "mia@Bank.example"}
ALL = ["end-logins", "revoke-grants", "step-up", "risk", "alert"]

RULE: dict[str, Any] = {
    "issuer": IDP,
    "jwks_uri": f"{IDP}/jwks",
    "audience": "https://bank.example/signals",
    "events": {"session-revoked": ["end-logins"], "credential-compromise": ALL, "credential-change": []},
    "subjects": [
        {"format": "iss_sub", "issuer": IDP, "names": "linked"},
        {"format": "iss_sub", "issuer": "https://bank.example", "names": "subject"},
        {"format": "email", "domain": "bank.example", "names": "linked"},
        {"format": "opaque", "names": "user"},
        {"format": "account", "domain": "bank.example", "names": "username"},
    ],
    "links": "links",
    "sessions": "sid",
    "push": {"token_file": "secret"},
}


class Files:
    """What stands beside the policy."""

    def __init__(self) -> None:
        self.secrets = {"secret": SECRET}
        self.links = {"idp-17": "mia", "mia@bank.example": "mia", "nobody": "gone"}

    def secret(self, path: str) -> Secret:
        if path not in self.secrets:
            raise Unavailable("there is no such file")
        return Secret(self.secrets[path])

    def linked(self, path: str, value: str) -> str:
        return self.links.get(value, "")


class Transmitter:
    """Sends what a test wants."""

    def __init__(self, bank: Any) -> None:
        self.bank, self.files = bank, Files()
        self.key = JWK.generate(kty="RSA", size=2048, kid="idp-1", alg="RS256", use="sig")
        self.number = 0
        self.believed()

    def believed(self, **changes: Any) -> None:
        """Have the bank believe it by these rules."""
        bank = self.bank
        bank.web.pages[f"{IDP}/jwks"] = {"keys": [self.key.export_public(as_dict=True)]}
        document = msgspec.to_builtins(bank.policy) | {"signals": {"transmitters": {"idp": RULE | changes}}}
        policy = msgspec.convert(document, type(bank.policy))
        keys = ClientKeys(bank.web, bank.clock, SET_ALGORITHMS)
        ports = msgspec.structs.replace(bank.ports, transmitters=self.files, set_keys=keys)
        self.at = type(bank)(policy, ports, bank.clock, bank.events)
        bank.clients += self.at.clients
        self.server = self.at.server

    @property
    def known(self) -> Any:
        return self.server.profile.transmitters["idp"]

    def claims(self, kind: str = f"{CAEP}session-revoked", subject: Any = MIA, **changes: Any) -> dict[str, Any]:
        self.number += 1
        said = {
            "iss": IDP,
            "aud": "https://bank.example/signals",
            "jti": f"jti-{self.number}",
            "iat": int(self.bank.clock.now),
            "sub_id": subject,
            "events": {kind: {}},
        } | changes
        return {name: value for name, value in said.items() if value is not None}

    def signed(self, claims: Any, key: JWK | None = None, **header: Any) -> str:
        jws = JWS(claims if isinstance(claims, bytes) else json.dumps(claims).encode())
        jws.allowed_algs = ["RS256", "PS256", "ES256", "HS256"]
        protected = {"alg": "RS256", "typ": "secevent+jwt", "kid": "idp-1"} | header
        protected = {name: value for name, value in protected.items() if value is not None}
        jws.add_signature(key or self.key, None, json.dumps(protected), None)
        return jws.serialize(compact=True)

    async def post(self, token: str, path: str = "idp", params: Any = None, **headers: str | None) -> httpx.Response:
        fields = {"content-type": "application/secevent+jwt", "authorization": f"Bearer {SECRET}"}
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        named = {name: value for name, value in fields.items() if value is not None}
        return await self.at.http.post(f"/oauth/ssf/receive/{path}", content=token, headers=named, params=params)

    async def send(self, *args: Any, **changes: Any) -> httpx.Response:
        return await self.post(self.signed(self.claims(*args, **changes)))

    async def logged_in(self, user: str = "user_mia", sid: str = "") -> str:
        """Have a customer logged in; returns the login's `sid`."""
        now, sid = self.bank.clock.now, sid or secrets.token_hex(8)
        fields = {"session_hash": f"h{sid}", "user_id": user, "sid": sid, "authenticated_at": now}
        await self.bank.ports.records.add_session(Session(**fields, expires_at=now + 900))
        return sid

    async def granted(self, grant: str, client: str = "client_one", user: str = "user_mia") -> str:
        now = self.bank.clock.now
        fields = {"grant_id": grant, "client_id": client, "user_id": user, "scopes": (), "created_at": now}
        await self.bank.ports.records.add_grant(Grant(**fields, expires_at=now + 900))
        return grant

    async def grants(self, user: str = "user_mia") -> list[str]:
        """The grants that stand."""
        found = await self.bank.ports.records.list_grants(user_id=user)
        return sorted(grant.grant_id for grant in found if grant.revoked_at is None)

    async def logins(self, user: str = "user_mia") -> list[str]:
        found = await self.bank.ports.records.list_sessions(user, self.bank.clock.now)
        return sorted(session.sid for session in found)

    async def stepped_up(self, user: str = "user_mia") -> bool:
        """Whether the gateway demands a second factor of the customer."""
        admission = Admission(step_up=(step_up_mark("user", user),))
        return (await self.bank.ports.fast.admit(admission, self.bank.clock.now)).step_up >= 0

    def received(self) -> list[Any]:
        return self.bank.events.of("SignalReceived")
