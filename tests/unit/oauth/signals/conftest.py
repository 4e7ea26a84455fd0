"""A receiver with a token of its own, and our events as the stream keeps them."""

import json

import pytest
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from ringfence.clock import Instant
from ringfence.events import encode
from ringfence.events.logins import SessionEnded
from ringfence.fetching import Answered, Target
from ringfence.oauth.signals.feed import feed
from ringfence.store.interface import StoredEvent
from ringfence.store.model import Grant
from tests.signal_transmitter import Transmitter


class Events:
    """The part of the event stream that is read."""

    def __init__(self) -> None:
        self.kept: list[StoredEvent] = []

    def add(self, event) -> None:
        self.kept.append(StoredEvent(len(self.kept) + 1, encode(event)))

    async def last(self) -> int:
        return len(self.kept)

    async def read(self, after: int, limit: int) -> list[StoredEvent]:
        return self.kept[after : after + limit]


class Receiver:
    def __init__(self, bank, partner) -> None:
        self.bank, self.partner, self.events = bank, partner, Events()

    async def token(self, scope: str = "ssf.manage") -> str:
        answer = await self.partner.token({"grant_type": "client_credentials", "scope": scope})
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]

    async def call(self, method: str, path: str, body=None, token: str = "", **params):
        token = token or await self.token()
        proof = self.partner.proof(f"/oauth/ssf/{path}", method, token=token)
        headers = {"authorization": f"DPoP {token}", "dpop": proof, "content-type": "application/json"}
        content = None if body is None else json.dumps(body)
        return await self.bank.http.request(
            method, f"/oauth/ssf/{path}", content=content, headers=headers, params=params
        )

    async def make(self, **body) -> str:
        answer = await self.call("POST", "streams", body)
        assert answer.status_code == 201, answer.text
        return answer.json()["stream_id"]

    async def poll(self, **body) -> dict:
        answer = await self.call("POST", "poll", {"returnImmediately": True} | body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def grant(self, number: int = 1, user: str = "user_mia", **changes) -> None:
        now = self.bank.clock.now
        fields = {"grant_id": f"g{number}_{self.partner.client_id}", "client_id": self.partner.client_id}
        fields |= {"user_id": user, "scopes": (), "created_at": now, "expires_at": Instant(now + 900)}
        await self.bank.ports.records.add_grant(Grant(**(fields | changes)))

    def ended(self, user: str = "user_mia", why: str = "logged out") -> SessionEnded:
        return SessionEnded(self.bank.clock.now, "corr", user, session="sid", why=why)

    async def feed(self, *events, after: int = 0) -> int:
        for event in events:
            self.events.add(event)
        return await feed(self.bank.server, self.events, after)

    async def read(self, token: str) -> tuple[dict, dict]:
        """Verify a SET as its receiver does, by the published keys; return header and claims."""
        jws = JWS()
        jws.deserialize(token)
        header = json.loads(jws.objects["protected"])
        published = (await self.bank.http.get("/oauth/ssf/jwks")).json()["keys"]
        (key,) = [one for one in published if one["kid"] == header["kid"]]
        jws.allowed_algs = ["RS256"]
        jws.verify(JWK(**key))
        return header, json.loads(jws.payload)


@pytest.fixture
async def receiver(bank) -> Receiver:
    partner = type(bank.partner)(bank, "client_told")
    await bank.register(partner, scopes=("accounts", "ssf.manage", "ssf.read"))
    return Receiver(bank, partner)


@pytest.fixture
async def stranger(bank) -> Receiver:
    """Another receiver."""
    partner = type(bank.partner)(bank, "client_stranger")
    await bank.register(partner, scopes=("ssf.manage",))
    return Receiver(bank, partner)


class Way:
    """Where events are pushed to, and what is answered, without a network."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, str, str]] = []
        self.answers: list[Answered | Exception] = []
        self.usual: Answered | Exception = Answered(202, b"")

    async def deliver(self, target: Target, body: bytes, media_type: str, authorization: str) -> Answered:
        self.seen.append((f"https://{target.authority}{target.path}", body.decode(), media_type, authorization))
        answer = self.answers.pop(0) if self.answers else self.usual
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def tokens(self) -> list[str]:
        return [token for _, token, _, _ in self.seen]


@pytest.fixture
def way() -> Way:
    return Way()


PUSHED = {
    "method": "urn:ietf:rfc:8935",
    "endpoint_url": "https://told.example/events",
    "authorization_header": "Bearer s3cret",
}


@pytest.fixture
async def pushed(receiver) -> str:
    """The receiver's stream, pushed, about a customer of its."""
    stream = await receiver.make(delivery=PUSHED)
    await receiver.grant()
    return stream


@pytest.fixture
def idp(bank) -> Transmitter:
    """Somebody whose events the bank believes."""
    return Transmitter(bank)
