"""Every engine of the records keeps these promises; a further engine is one more line in `url`."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.store.interface import AlreadyThere, Records, Unavailable
from ringfence.store.model import Client, Code, Grant, PushedRequest, RefreshToken, Session, User
from ringfence.store.records import open_records

S = TypeVar("S", bound=msgspec.Struct)
NOW = Instant(1_800_000_000.25)


def at(seconds: float) -> Instant:
    return Instant(NOW + seconds)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/records.db"
    return str(asyncio.run(request.getfixturevalue("postgres").fresh()))


@pytest.fixture
async def records(url: str) -> AsyncIterator[Records]:
    opened = await open_records(url)
    yield opened
    await opened.close()


CLIENT = Client(
    client_id="client_1",
    name="Acme — Überweisung",
    jwks={"keys": [{"kty": "EC", "kid": "1", "nested": {"a": [1, 2.5, None, True]}}]},
    redirect_uris=("https://a.example/cb", "https://a.example/other"),
    scopes=("accounts", "payments"),
    access_token_seconds=60,
    created_at=NOW,
)
USER = User(user_id="user_1", username="ann", password_hash="$argon2id$…", name="Ann", created_at=NOW)
GRANT = Grant(
    grant_id="grant_1",
    client_id="client_1",
    user_id="user_1",
    scopes=("accounts",),
    created_at=NOW,
    expires_at=at(1000),
)
CODE = Code(
    code_hash="code_1",
    grant_id="grant_1",
    client_id="client_1",
    user_id="user_1",
    redirect_uri="https://a.example/cb",
    scopes=("accounts",),
    code_challenge="challenge",
    nonce="n",
    dpop_jkt="jkt",
    authenticated_at=at(-5),
    created_at=NOW,
    expires_at=at(60),
)
REFRESH = RefreshToken(
    token_hash="refresh_1",
    grant_id="grant_1",
    client_id="client_1",
    user_id="user_1",
    scopes=("accounts",),
    authenticated_at=at(-5),
    created_at=NOW,
    expires_at=at(1000),
)
PUSHED = PushedRequest(
    uri_hash="uri_1",
    client_id="client_1",
    parameters={"scope": "accounts", "state": "ä\"'\n"},
    dpop_jkt="jkt",
    created_at=NOW,
    expires_at=at(90),
)
SESSION = Session(session_hash="s1", user_id="user_1", authenticated_at=NOW, expires_at=at(900))


def but(record: S, **changes: Any) -> S:
    return msgspec.structs.replace(record, **changes)


@pytest.fixture
async def filled(records: Records) -> Records:
    await records.add_client(CLIENT)
    await records.add_user(USER)
    await records.add_grant(GRANT, CODE)
    return records


# clients and users


async def test_a_client_comes_back_as_it_was(records: Records) -> None:
    await records.add_client(CLIENT)
    assert await records.client("client_1") == CLIENT
    assert await records.client("client_2") is None


async def test_a_second_client_of_that_identity_is_refused_and_the_first_stays(records: Records) -> None:
    await records.add_client(CLIENT)
    with pytest.raises(AlreadyThere):
        await records.add_client(but(CLIENT, name="Other"))
    assert await records.client("client_1") == CLIENT


async def test_clients_are_listed_by_name(records: Records) -> None:
    for name in ("b", "c", "a"):
        await records.add_client(but(CLIENT, client_id=f"client_{name}", name=name))
    assert [c.name for c in await records.list_clients()] == ["a", "b", "c"]


async def test_a_clients_status_changes(records: Records) -> None:
    await records.add_client(CLIENT)
    assert await records.set_client_status("client_1", "suspended")
    assert not await records.set_client_status("client_2", "suspended")
    assert await records.client("client_1") == but(CLIENT, status="suspended")


async def test_a_status_that_does_not_exist_is_not_kept(records: Records) -> None:
    await records.add_client(CLIENT)
    with pytest.raises(Unavailable):
        await records.set_client_status("client_1", "superuser")
    assert await records.client("client_1") == CLIENT


async def test_removing_a_client_removes_everything_issued_to_it(filled: Records) -> None:
    await filled.add_pushed_request(PUSHED)
    await filled.redeem_code("code_1", "client_1", NOW, REFRESH)
    assert await filled.remove_client("client_1")
    assert not await filled.remove_client("client_1")
    assert await filled.grant("grant_1") is None
    assert await filled.code("code_1") is None
    assert await filled.refresh_token("refresh_1") is None
    assert await filled.pushed_request("uri_1") is None
    assert await filled.user("user_1") == USER


async def test_users_are_found_by_id_and_name_and_the_name_is_theirs_alone(records: Records) -> None:
    await records.add_user(USER)
    assert await records.user("user_1") == await records.user_by_name("ann") == USER
    assert await records.user_by_name("Ann") is None
    assert await records.user_by_name("ann' OR '1'='1") is None
    with pytest.raises(AlreadyThere):
        await records.add_user(but(USER, user_id="user_2"))
    assert await records.set_user_status("user_1", "disabled")
    assert [u.status for u in await records.list_users()] == ["disabled"]


async def test_removing_a_user_removes_sessions_and_grants(filled: Records) -> None:
    await filled.add_session(SESSION)
    await filled.add_grant(but(GRANT, grant_id="own", user_id=""))
    assert await filled.remove_user("user_1")
    assert not await filled.remove_user("user_1")
    assert await filled.session("s1", NOW) is None
    assert await filled.grant("grant_1") is None
    assert await filled.code("code_1") is None
    assert await filled.grant("own") == but(GRANT, grant_id="own", user_id="")


# pushed requests and sessions


async def test_a_pushed_request_is_consumed_once_by_its_client_while_it_lives(filled: Records) -> None:
    await filled.add_pushed_request(PUSHED)
    assert await filled.consume_pushed_request("uri_1", "client_2", NOW) is None
    assert await filled.consume_pushed_request("uri_1", "client_1", at(90)) is None
    assert await filled.pushed_request("uri_1") == PUSHED
    consumed = but(PUSHED, consumed_at=at(1))
    assert await filled.consume_pushed_request("uri_1", "client_1", at(1)) == consumed
    assert await filled.consume_pushed_request("uri_1", "client_1", at(1)) is None
    assert await filled.pushed_request("uri_1") == consumed


async def test_a_session_ends(filled: Records) -> None:
    await filled.add_session(SESSION)
    assert await filled.session("s1", at(899)) == SESSION
    assert await filled.session("s1", at(900)) is None
    await filled.remove_session("s1")
    await filled.remove_session("s1")
    assert await filled.session("s1", NOW) is None


# grants, codes, refresh tokens


async def test_a_grant_and_its_code_come_back_as_they_were(filled: Records) -> None:
    assert await filled.grant("grant_1") == GRANT
    assert await filled.code("code_1") == CODE


async def test_grants_are_listed_newest_first_and_filtered(filled: Records) -> None:
    await filled.add_client(but(CLIENT, client_id="client_2"))
    await filled.add_grant(but(GRANT, grant_id="grant_2", client_id="client_2", created_at=at(2)))
    await filled.add_grant(but(GRANT, grant_id="grant_3", user_id="", created_at=at(1)))
    assert [g.grant_id for g in await filled.list_grants()] == ["grant_2", "grant_3", "grant_1"]
    assert [g.grant_id for g in await filled.list_grants(client_id="client_1")] == ["grant_3", "grant_1"]
    assert [g.grant_id for g in await filled.list_grants(user_id="user_1")] == ["grant_2", "grant_1"]
    assert [g.grant_id for g in await filled.list_grants(limit=1)] == ["grant_2"]


async def test_a_grant_of_a_client_that_is_gone_is_not_kept(records: Records) -> None:
    await records.add_user(USER)
    with pytest.raises(Unavailable):
        await records.add_grant(GRANT, CODE)
    assert await records.list_grants() == []


async def test_a_grant_whose_code_cannot_be_kept_is_not_kept_either(filled: Records) -> None:
    with pytest.raises(Unavailable):
        await filled.add_grant(but(GRANT, grant_id="grant_2"), CODE)
    assert await filled.grant("grant_2") is None


async def test_a_code_is_redeemed_once_by_its_client_while_it_lives(filled: Records) -> None:
    assert await filled.redeem_code("code_1", "client_2", NOW, REFRESH) is None
    assert await filled.redeem_code("code_1", "client_1", at(60), REFRESH) is None
    assert await filled.redeem_code("code_2", "client_1", NOW, REFRESH) is None
    assert await filled.refresh_token("refresh_1") is None
    assert await filled.redeem_code("code_1", "client_1", at(1), REFRESH) == but(CODE, consumed_at=at(1))
    assert await filled.refresh_token("refresh_1") == REFRESH
    assert await filled.redeem_code("code_1", "client_1", at(1), None) is None
    assert await filled.code("code_1") == but(CODE, consumed_at=at(1))


async def test_a_code_whose_refresh_token_cannot_be_kept_is_not_consumed(filled: Records) -> None:
    await filled.redeem_code("code_1", "client_1", NOW, REFRESH)
    await filled.add_grant(but(GRANT, grant_id="grant_2"), but(CODE, code_hash="code_2", grant_id="grant_2"))
    with pytest.raises(Unavailable):
        await filled.redeem_code("code_2", "client_1", NOW, REFRESH)
    fresh = but(REFRESH, token_hash="refresh_2", grant_id="grant_2")
    assert await filled.redeem_code("code_2", "client_1", NOW, fresh) is not None


async def test_a_revoked_grants_code_cannot_be_redeemed(filled: Records) -> None:
    assert await filled.revoke_grant("grant_1", "customer", at(1))
    assert await filled.redeem_code("code_1", "client_1", at(2), REFRESH) is None
    assert await filled.refresh_token("refresh_1") is None


async def test_revoking_a_grant_revokes_its_refresh_tokens_once(filled: Records) -> None:
    await filled.redeem_code("code_1", "client_1", NOW, REFRESH)
    assert await filled.revoke_grant("grant_1", "customer", at(1))
    assert not await filled.revoke_grant("grant_1", "again", at(2))
    assert not await filled.revoke_grant("grant_2", "unknown", at(2))
    assert await filled.grant("grant_1") == but(GRANT, used_at=NOW, revoked_at=at(1), revoked_why="customer")
    assert await filled.refresh_token("refresh_1") == but(REFRESH, revoked_at=at(1))


# races


async def test_of_fifty_parallel_redemptions_one_wins(filled: Records) -> None:
    tokens = [but(REFRESH, token_hash=f"refresh_{i}") for i in range(50)]
    won = await asyncio.gather(*(filled.redeem_code("code_1", "client_1", NOW, t) for t in tokens))
    assert sum(code is not None for code in won) == 1
    kept = [t for t in tokens if await filled.refresh_token(t.token_hash)]
    assert kept == [t for t, code in zip(tokens, won, strict=True) if code]


async def test_of_fifty_parallel_consumptions_and_revocations_one_wins(filled: Records) -> None:
    await filled.add_pushed_request(PUSHED)
    won = await asyncio.gather(*(filled.consume_pushed_request("uri_1", "client_1", NOW) for _ in range(50)))
    assert sum(pushed is not None for pushed in won) == 1
    revoked = await asyncio.gather(*(filled.revoke_grant("grant_1", f"{i}", NOW) for i in range(50)))
    assert sum(revoked) == 1


async def test_a_redemption_that_races_a_revocation_leaves_no_live_refresh_token(filled: Records) -> None:
    for i in range(20):
        await filled.add_grant(but(GRANT, grant_id=f"g{i}"), but(CODE, code_hash=f"c{i}", grant_id=f"g{i}"))
        token = but(REFRESH, token_hash=f"r{i}", grant_id=f"g{i}")
        await asyncio.gather(
            filled.redeem_code(f"c{i}", "client_1", NOW, token), filled.revoke_grant(f"g{i}", "race", NOW)
        )
        kept = await filled.refresh_token(f"r{i}")
        assert kept is None or kept.revoked_at is not None


RACE = """
import asyncio, random, sys
from ringfence.store.records import open_records
from ringfence.store.model import RefreshToken
async def main():
    records = await open_records(sys.argv[1])
    print("ready", flush=True)
    sys.stdin.readline()
    async def one(i):
        token = RefreshToken(token_hash=f"{sys.argv[2]}-{i}", grant_id="grant_1", client_id="client_1",
            user_id="user_1", scopes=(), authenticated_at=1.0, created_at=1.0, expires_at=1_900_000_000.0)
        return await records.redeem_code("race_%d" % i, "client_1", 1_800_000_000.0, token)
    order = list(range(50))
    random.Random(sys.argv[2]).shuffle(order)  # in one order, whoever is first stays first
    won = 0
    for i in order:
        won += await one(i) is not None
        await asyncio.sleep(0.005)
    print(won)
    await records.close()
asyncio.run(main())
"""


async def test_of_redemptions_in_several_processes_one_wins(
    url: str, filled: Records, start: Callable, outputs: Callable
) -> None:
    for i in range(50):
        await filled.add_grant(but(GRANT, grant_id=f"g{i}"), but(CODE, code_hash=f"race_{i}", grant_id=f"g{i}"))
    results = [int(text) for text in outputs([start(RACE, url, name) for name in "abc"])]
    assert sum(results) == 50
    assert sum(1 for won in results if won) > 1, "the processes did not overlap: the test shows nothing"


OPEN = """
import asyncio, sys
from ringfence.store.records import open_records
print("ready", flush=True)
sys.stdin.readline()
async def main():
    records = await open_records(sys.argv[1])
    print(len(await records.list_clients()))
    await records.close()
asyncio.run(main())
"""


def test_roles_that_start_at_once_on_a_new_database_do_not_collide(
    url: str, start: Callable, outputs: Callable
) -> None:
    assert outputs([start(OPEN, url) for _ in range(5)]) == ["0\n"] * 5


WRITE = """
import asyncio, os, sys
from ringfence.store.records import open_records
from ringfence.store.model import Client
async def main():
    records = await open_records(sys.argv[1])
    i = 0
    while True:
        await records.add_client(Client(client_id=f"{os.getpid()}-{i}", name="n", created_at=1.0))
        os.write(1, b"%d\\n" % i)
        i += 1
asyncio.run(main())
"""


async def test_a_writer_killed_in_the_middle_loses_nothing_it_was_told_is_kept(
    url: str, records: Records, start: Callable
) -> None:
    for _ in range(3):
        writer = start(WRITE, url)
        writer.stdout.readline()
        await asyncio.sleep(0.1)
        writer.kill()
        last = int(writer.stdout.read().split()[-1])
        kept = {client.client_id for client in await records.list_clients()}
        assert {f"{writer.pid}-{i}" for i in range(last + 1)} <= kept
    await records.add_client(CLIENT)


# second factors


async def test_an_authenticator_is_enrolled_once_until_it_is_removed(filled: Records) -> None:
    assert await filled.enrol_authenticator("user_1", "sealed", 5, "a b")
    assert not await filled.enrol_authenticator("user_1", "other", 6, "")
    assert await filled.user("user_1") == but(USER, totp_secret="sealed", totp_step=5, recovery_codes="a b")
    assert await filled.remove_authenticator("user_1")
    assert await filled.user("user_1") == USER
    assert not await filled.claim_totp_step("user_1", 7)


async def test_of_fifty_parallel_uses_of_one_step_one_wins_and_none_goes_back(filled: Records) -> None:
    await filled.enrol_authenticator("user_1", "sealed", 5, "a b")
    assert not await filled.claim_totp_step("user_1", 5)
    won = await asyncio.gather(*(filled.claim_totp_step("user_1", 6) for _ in range(50)))
    assert sum(won) == 1
    assert not await filled.claim_totp_step("user_1", 4)
    won = await asyncio.gather(*(filled.change_recovery_codes("user_1", "a b", "b") for _ in range(50)))
    assert sum(won) == 1
    won = await asyncio.gather(*(filled.enrol_authenticator("user_1", f"{i}", 1, "") for i in range(50)))
    assert sum(won) == 0


# housekeeping


async def test_a_sweep_removes_what_ended_a_day_ago_but_keeps_what_customers_consented_to(filled: Records) -> None:
    await filled.redeem_code("code_1", "client_1", NOW, REFRESH)
    await filled.add_pushed_request(PUSHED)
    await filled.add_session(SESSION)
    await filled.add_grant(but(GRANT, grant_id="own", user_id=""))
    await filled.add_grant(but(GRANT, grant_id="live", user_id="", expires_at=at(10_000_000)))
    assert await filled.sweep(at(86_000)) == 0
    assert await filled.sweep(at(90_000)) == 5
    assert await filled.sweep(at(90_000)) == 0
    assert await filled.grant("grant_1") is not None
    assert await filled.grant("live") is not None
    assert await filled.grant("own") is None


async def test_a_sweep_of_thousands_takes_them_all(records: Records) -> None:
    await records.add_client(CLIENT)
    for i in range(1050):
        await records.add_pushed_request(but(PUSHED, uri_hash=f"u{i}"))
    assert await records.sweep(at(100_000)) == 1050


async def test_ping_and_opening_again(url: str, filled: Records) -> None:
    await filled.ping()
    again = await open_records(url)
    assert await again.client("client_1") == CLIENT
    await again.close()
