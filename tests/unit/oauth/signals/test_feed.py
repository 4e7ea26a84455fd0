import msgspec
import pytest

from ringfence.events.logins import AuthenticatorEnrolled
from ringfence.events.tokens import GrantRevoked
from ringfence.oauth.exchange import Server
from ringfence.oauth.sets import NoSets
from ringfence.oauth.signals import feed as feed_module
from ringfence.oauth.signals.caep import CREDENTIAL_CHANGE, SESSION_REVOKED
from ringfence.oauth.signals.feed import feed
from ringfence.store.interface import StoredEvent, Unavailable


async def test_a_client_is_told_of_its_customer_by_a_set_as_the_profile_demands(bank, receiver):
    stream = await receiver.make()
    await receiver.grant()
    bank.clock.forward(5)
    assert await receiver.feed(receiver.ended()) == 1
    ((jti, token),) = (await receiver.poll())["sets"].items()
    header, claims = await receiver.read(token)
    assert (header["alg"], header["typ"]) == ("RS256", "secevent+jwt")
    assert set(claims) == {"iss", "aud", "jti", "iat", "sub_id", "events", "txn"}  # neither sub nor exp
    assert (claims["iss"], claims["aud"], claims["jti"]) == ("https://bank.example", "client_told", jti)
    assert claims["sub_id"] == {"format": "iss_sub", "iss": "https://bank.example", "sub": "user_mia"}
    assert list(claims["events"]) == [SESSION_REVOKED]
    assert stream not in token


async def test_a_pairwise_client_is_told_its_own_sub(bank, receiver):
    partner = type(bank.partner)(bank, "client_pair")
    await bank.register(partner, scopes=("ssf.manage",), subject_type="pairwise", sector="pair.example")
    pair = type(receiver)(bank, partner)
    await pair.make()
    await pair.grant()
    await pair.feed(pair.ended())
    (token,) = (await pair.poll())["sets"].values()
    _, claims = await pair.read(token)
    assert claims["sub_id"]["sub"] == bank.ports.subjects.subject("user_mia", "pair.example")
    assert "user_mia" not in str(claims)


async def test_nobody_is_told_of_whom_it_holds_no_grant_of(bank, receiver, stranger):
    records, now = bank.ports.records, bank.clock.now
    await receiver.make()
    await stranger.make()
    await stranger.grant(1, expires_at=now)
    await stranger.grant(2, revoked_at=now, revoked_why="asked")
    await receiver.grant()
    for event in (receiver.ended(), AuthenticatorEnrolled(now, "c", "user_mia")):
        receiver.events.add(event)
    receiver.events.add(GrantRevoked(now, "c", "g1_client_told", "client_told", "user_mia", "asked"))
    assert await receiver.feed() == 3
    assert len((await receiver.poll())["sets"]) == 3
    assert (await stranger.poll())["sets"] == {}
    assert await records.signal_streams_about("user_other", now) == []


async def test_only_what_a_stream_is_for_and_since_it_is_there(bank, receiver):
    await receiver.grant()
    before = receiver.ended()
    bank.clock.forward(1)
    await receiver.make(events_requested=[CREDENTIAL_CHANGE, "https://example.com/unknown"])
    await receiver.feed(
        AuthenticatorEnrolled(before.at, "c", "user_mia"),
        receiver.ended(),
        AuthenticatorEnrolled(bank.clock.now, "c", "user_mia"),
    )
    (token,) = (await receiver.poll())["sets"].values()
    assert list((await receiver.read(token))[1]["events"]) == [CREDENTIAL_CHANGE]


async def test_the_same_events_once_more_add_nothing(receiver):
    await receiver.make()
    await receiver.grant()
    await receiver.feed(receiver.ended(), receiver.ended())
    first = await receiver.poll()
    assert await receiver.feed() == 2
    assert await receiver.poll() == first
    assert len(first["sets"]) == 2  # equal events at two positions are two


async def test_where_it_begins(receiver):
    for _ in range(3):
        receiver.events.add(receiver.ended())
    assert await feed(receiver.bank.server, receiver.events, None) == 3
    assert await feed(receiver.bank.server, receiver.events, 1) == 3  # there is no stream: nothing to read
    await receiver.make()
    assert await feed(receiver.bank.server, receiver.events, 99) == 3  # a new event stream is read from its start


async def test_nothing_is_lost_while_the_signer_is_out(bank, receiver):
    await receiver.make()
    await receiver.grant()
    receiver.events.add(receiver.ended())
    without = Server(bank.server.profile, msgspec.structs.replace(bank.ports, sets=NoSets()))
    with pytest.raises(Unavailable):
        await feed(without, receiver.events, 0)
    await receiver.feed()
    assert len((await receiver.poll())["sets"]) == 1


async def test_what_cannot_be_read_is_passed_over(receiver):
    await receiver.make()
    await receiver.grant()
    for data in (b"{}", b'{"event":"session.ended.v1"}', b'{"event":"session.ended'):
        receiver.events.kept.append(StoredEvent(len(receiver.events.kept) + 1, data))
    assert await receiver.feed(receiver.ended()) == 4
    assert len((await receiver.poll())["sets"]) == 1


async def test_who_acknowledges_nothing_loses_the_oldest_and_is_told(receiver, monkeypatch):
    monkeypatch.setattr(feed_module, "MOST_PENDING", 2)
    stream = await receiver.make()
    await receiver.grant()
    for _ in range(3):
        receiver.bank.clock.forward(1)
        await receiver.feed(receiver.ended(), after=len(receiver.events.kept))
    assert len((await receiver.poll())["sets"]) == 2
    status = (await receiver.call("GET", "status", stream_id=stream)).json()
    assert status["reason"].startswith("1 events were given up")


async def test_a_disabled_stream_holds_nothing_and_a_paused_one_everything(receiver):
    stream = await receiver.make()
    await receiver.grant()
    for status, held in (("paused", 1), ("disabled", 0)):
        await receiver.call("POST", "status", {"stream_id": stream, "status": status})
        await receiver.feed(receiver.ended(), after=len(receiver.events.kept))
        assert (await receiver.poll())["sets"] == {}
        assert len(await receiver.bank.ports.records.pending_signals(stream, 9)) == held


async def test_who_told_us_of_something_is_not_told_again_and_the_others_are(bank, receiver, stranger, idp):
    idp.believed(client="client_told")
    for one, number in ((receiver, 1), (stranger, 2)):
        await one.make()
        await one.grant(number)
    await idp.logged_in()
    await idp.send()
    (ended,) = bank.events.of("SessionEnded")
    receiver.events.add(ended)
    receiver.events.add(receiver.ended())
    assert await feed(idp.server, receiver.events, 0) == 2
    assert len((await receiver.poll())["sets"]) == 1
    assert len((await stranger.poll())["sets"]) == 2
