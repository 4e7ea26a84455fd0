"""Events that are pushed and received, on both databases: one at a time, each once, and from one bank to another.

RFC 8935; RFC 8417; OpenID Shared Signals Framework 1.0; OpenID CAEP 1.0.
"""

import asyncio
import json
import shutil
import sys

import msgspec
import pytest

from ringfence.app.pushing import Pushing
from ringfence.clock import Instant
from ringfence.events import encode
from ringfence.fetching import Answered, Fetched, Target
from ringfence.oauth.client_keys import ClientKeys
from ringfence.oauth.signals.feed import feed
from ringfence.proofs.security_event import SET_ALGORITHMS
from ringfence.store.embedded.lmdb_state import LmdbState
from ringfence.store.interface import StoredEvent
from ringfence.store.model import Grant, User
from ringfence.store.push_model import SignalPush
from ringfence.store.received_model import ReceivedSignal
from ringfence.store.records import open_records
from ringfence.store.signals_model import PendingSignal, SignalStream
from tests.signal_transmitter import Files

harness = sys.modules["oauth_harness"]

FIRST = "https://first.example"
SECRET = "t0ken-between-the-two-banks"


async def test_a_stream_is_claimed_by_one_of_many_and_by_one_after_a_crash(bank):
    records, now = bank.ports.records, bank.clock.now
    stream = SignalStream(stream_id="s", client_id="client_one", created_at=now)
    push = SignalPush(stream_id="s", client_id="client_one", endpoint_url="https://x.example/")
    assert await records.add_signal_stream(stream, push)
    await records.keep_signal(PendingSignal(stream_id="s", jti="j", token="t", created_at=now), 9)
    for begin in (now, Instant(now + 15)):
        until = Instant(begin + 15)
        claimed = await asyncio.gather(*(records.claim_pushes(f"p{n}", begin, until, 8) for n in range(6)))
        assert sorted(len(one) for one in claimed) == [0, 0, 0, 0, 0, 1]
        (held,) = [one for some in claimed for one in some]
        names = [f"p{n}" for n in range(6)]
        held_by = await asyncio.gather(*(records.hold_push("s", name, begin, until) for name in names))
        assert [name for name, holds in zip(names, held_by, strict=True) if holds] == [held.pusher]
    await asyncio.gather(*(records.push_taken("s", "j", now) for _ in range(6)))
    assert (await records.signal_push("s")).accepted == 1


async def test_an_event_is_taken_by_one_of_many_and_the_bound_holds(bank):
    records, now = bank.ports.records, bank.clock.now

    def signal(number: int) -> ReceivedSignal:
        fields = {"received_id": f"r{number}", "transmitter": "idp", "jti": f"j{number}", "kind": "k"}
        fields |= {"outcome": "acts", "effects": ("end-logins",), "acts": 1, "received_at": now}
        return ReceivedSignal(**fields, due_at=now, expires_at=Instant(now + 900))

    taken = await asyncio.gather(*(records.take_signal(signal(1), 99, Instant(now - 3600)) for _ in range(6)))
    assert sorted(taken) == ["known"] * 5 + ["new"]
    taken = await asyncio.gather(*(records.take_signal(signal(n), 4, Instant(now - 3600)) for n in range(2, 10)))
    assert sorted(taken) == ["new"] * 3 + ["too-many"] * 5
    later = Instant(now + 30)
    claimed = await asyncio.gather(*(records.claim_received(now, later, 9) for _ in range(4)))
    assert sum(len(one) for one in claimed) == len({s.jti for some in claimed for s in some}) == 4
    asking = await asyncio.gather(*(records.claim_poll("idp", f"p{n}", now, later) for n in range(6)))
    assert sum(asking) == 1


class Member(harness.Partner):
    """The second bank, as a client of the first."""

    def assertion(self, *args, **changes) -> str:
        return super().assertion(*args, aud=FIRST, **changes)

    def proof(self, path: str, *args, **changes) -> str:
        return super().proof(FIRST + path, *args, **changes)


class Between:
    """The way from the one to the other: what is posted and fetched there arrives at the real application."""

    def __init__(self, applications: dict) -> None:
        self.applications = applications
        self.broken = False

    async def deliver(self, target: Target, body: bytes, media_type: str, authorization: str) -> Answered:
        headers = {"content-type": media_type, "authorization": authorization}
        answer = await self.applications[target.host].http.post(target.path, content=body, headers=headers)
        return Answered(503 if self.broken else answer.status_code, answer.content)

    async def fetch(self, target: Target, etag: str) -> Fetched:
        answer = await self.applications[target.host].http.get(target.path)
        assert answer.status_code == 200
        return Fetched(answer.content, unchanged=False, etag="", fresh_for=300.0)


class Stream:
    def __init__(self, events) -> None:
        self.events = events

    async def last(self) -> int:
        return len(self.events.seen)

    async def read(self, after: int, limit: int) -> list[StoredEvent]:
        return [StoredEvent(n, encode(event)) for n, event in enumerate(self.events.seen, 1) if n > after][:limit]


@pytest.fixture
async def banks(bank, tmp_path, template):
    """The first bank, with a database of its own, and the second, which believes it."""
    shutil.copy(template, tmp_path / "first.db")
    records = await open_records(f"sqlite+aiosqlite:///{tmp_path}/first.db")
    fast, events = LmdbState(tmp_path / "first-fast"), harness.RecordingEvents()
    ports = msgspec.structs.replace(bank.ports, records=records, fast=fast, events=events)
    first = harness.Bank(harness.make_policy(issuer=FIRST), ports, bank.clock, events)
    user = {"user_id": "user_17", "username": "m.berg", "password_hash": "right", "created_at": bank.clock.now}
    await records.add_user(User(**user))
    files = Files()
    files.secrets, files.links = {"secret": SECRET}, {"user_17": "mia"}
    between = Between({"first.example": first})
    rule = {
        "issuer": FIRST,
        "jwks_uri": f"{FIRST}/oauth/ssf/jwks",
        "audience": "client_second",
        "events": {"session-revoked": ["end-logins", "step-up"]},
        "subjects": [{"format": "iss_sub", "issuer": FIRST, "names": "linked"}],
        "links": "links",
        "push": {"token_file": "secret"},
    }
    policy = harness.make_policy(signals={"transmitters": {"first": rule}})
    keys = ClientKeys(between, bank.clock, SET_ALGORITHMS)
    believing = msgspec.structs.replace(bank.ports, transmitters=files, set_keys=keys)
    second = harness.Bank(policy, believing, bank.clock, bank.events)
    second.partner.key, second.partner.dpop = bank.partner.key, bank.partner.dpop
    between.applications["bank.example"] = second
    yield first, second, between
    for one in (first, second):
        for client in one.clients:
            await client.aclose()
    await records.close()
    fast.close()


async def stream_of(first) -> Member:
    """Have the second bank's events pushed to it; returns it as a client of the first."""
    member = Member(first, "client_second")
    await first.register(member, scopes=("ssf.manage",))
    now = first.clock.now
    grant = {"grant_id": "g", "client_id": "client_second", "user_id": "user_17", "scopes": (), "created_at": now}
    await first.ports.records.add_grant(Grant(**grant, expires_at=Instant(now + 9_000)))
    delivery = {"method": "urn:ietf:rfc:8935", "endpoint_url": "https://bank.example/oauth/ssf/receive/first"}
    await call(member, "streams", {"delivery": delivery | {"authorization_header": f"Bearer {SECRET}"}}, 201)
    return member


async def call(member: Member, path: str, body: dict, status: int) -> dict:
    granted = await member.token({"grant_type": "client_credentials", "scope": "ssf.manage"})
    token = granted.json()["access_token"]
    proof = member.proof(f"/oauth/ssf/{path}", "POST", token=token)
    headers = {"authorization": f"DPoP {token}", "dpop": proof, "content-type": "application/json"}
    answer = await member.bank.http.post(f"/oauth/ssf/{path}", content=json.dumps(body), headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else {}


async def push(first, between) -> int:
    pushing = Pushing(lambda: first.server, between)
    begun = await pushing.begin_due()
    await pushing.settled()
    return begun


async def test_a_login_that_ends_at_the_one_ends_at_the_other(banks):
    first, second, between = banks
    member = await stream_of(first)
    tokens = await second.partner.tokens()
    assert (await second.partner.userinfo(tokens["access_token"])).status_code == 200
    (session,) = await second.ports.records.list_sessions("user_mia", second.clock.now)
    first.clock.forward(1)

    # the customer logs in at the first bank, and out of it again
    browser = first.browser()
    page = harness.Page(await browser.http.get("/oauth/my/grants"))
    page = await browser.log_in(page, "m.berg")
    (there,) = await first.ports.records.list_sessions("user_17", first.clock.now)
    from ringfence.oauth.session_end import end_session  # noqa: PLC0415 - what the page, an operator and a response do

    position = len(first.events.seen)
    await end_session(there, "logged out", first.ports, first.clock.now, "corr")
    assert await feed(first.server, Stream(first.events), position) == position + 1

    between.broken = True  # the answer is lost on the way: what the second bank has taken comes to it again
    assert await push(first, between) == 1
    between.broken = False
    first.clock.forward(2)
    assert await push(first, between) == 1
    state = await first.ports.records.signal_push((await first.ports.records.signal_stream("client_second")).stream_id)
    assert (state.accepted, state.failing_since) == (1, None)

    assert (await second.partner.userinfo(tokens["access_token"])).status_code == 401
    assert await second.ports.records.session_by_sid(session.sid, second.clock.now) is None
    (received,) = second.events.of("SignalReceived")
    assert (received.user, received.kind, received.outcome) == ("user_mia", "session-revoked", "acts")
    assert len(second.events.of("SessionEnded")) == 1

    await call(member, "verify", {"stream_id": state.stream_id, "state": "s"}, 204)
    assert await push(first, between) == 1
    (known,) = await second.ports.records.transmitter_states()
    assert (known.received, known.verified_at, known.refused) == (2, second.clock.now, 0)


async def test_a_receiver_that_believes_another_says_so_and_the_one_who_sends_shows_it(banks):
    first, second, between = banks
    member = await stream_of(first)
    stream = (await first.ports.records.signal_stream("client_second")).stream_id
    await call(member, "verify", {"stream_id": stream}, 204)
    second.server.ports.transmitters.secrets["secret"] = "another-token-altogether-it-is"
    assert await push(first, between) == 1
    state = await first.ports.records.signal_push(stream)
    assert state.error.startswith("authentication_failed: ")
    assert len(await first.ports.records.pending_signals(stream, 9)) == 1
