import pytest

from ringfence.clock import Instant
from ringfence.fetching import Unfetchable
from ringfence.keys.sealing import Sealer
from ringfence.oauth.notices import MOST_ATTEMPTS, deliver, logout_claims, pause_after
from ringfence.store.backchannel_model import Notice


def notice(bank, **changes) -> Notice:
    now = bank.clock.now
    fields = {
        "notice_id": "n",
        "kind": "logout",
        "client_id": "client_told",
        "subject": "user_mia",
        "sid": "sid_1",
        "attempts": 1,
        "created_at": now,
        "due_at": now,
        "expires_at": Instant(now + 86_400),
    }
    return Notice(**(fields | changes))


@pytest.fixture
async def told(bank):
    await bank.register(type(bank.partner)(bank, "client_told"), backchannel_logout_uri="https://a.example/out")


def test_pauses_grow_and_end():
    assert [pause_after(n) for n in (1, 2, 3)] == [5, 10, 20]
    assert pause_after(MOST_ATTEMPTS) == 2560
    assert pause_after(50) == 3600


@pytest.mark.parametrize("status", [200, 204])
async def test_it_arrived(bank, told, status):
    bank.posts.answers = [status]
    assert await deliver(notice(bank), bank.server, bank.posts, bank.clock.now)
    assert bank.events.of("NoticeDelivered")[0].delivered


@pytest.mark.parametrize("answer", [301, 408, 425, 429, 500, 503, Unfetchable("x")])
async def test_it_may_arrive_later(bank, told, answer):
    bank.posts.answers = [answer]
    assert not await deliver(notice(bank), bank.server, bank.posts, bank.clock.now)
    assert not bank.events.of("NoticeDelivered")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"client_id": "client_gone"}, "the client is gone"),
        ({"client_id": "client_one"}, "the client does not want to be told any more"),
        ({"client_id": "client_one", "kind": "ping"}, "the client is not pinged any more"),
        ({"expires_at": Instant(1.0)}, "it is too late"),
        ({"attempts": MOST_ATTEMPTS}, "refused"),
    ],
)
async def test_it_will_not_arrive(bank, told, changes, why):
    bank.posts.answers = [Unfetchable("refused")]
    assert not await deliver(notice(bank, **changes), bank.server, bank.posts, bank.clock.now)
    (event,) = bank.events.of("NoticeDelivered")
    assert (event.delivered, event.private) == (False, why)


async def test_a_ping_sealed_under_another_key(bank, ciba):
    sealed = Sealer(b"x" * 32, bank.ports.random).seal(b"{}", "client_ciba")
    ping = notice(bank, kind="ping", client_id="client_ciba", sealed=sealed)
    assert not await deliver(ping, bank.server, bank.posts, bank.clock.now)
    assert bank.posts.seen == []


async def test_a_logout_token_has_no_nonce_and_a_jti_of_its_own(bank):
    client = await bank.ports.records.client("client_one")
    first, second = (logout_claims(notice(bank), client, bank.server, bank.clock.now) for _ in range(2))
    assert first["jti"] != second["jti"]
    assert "nonce" not in first
