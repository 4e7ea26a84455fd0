"""The conformance tests race these statements on both engines; here is what each leaves alone."""

from pathlib import Path

import pytest

from ringfence.clock import Instant
from ringfence.store.logout_model import RevokedKey
from ringfence.store.model import Client, Session, User
from ringfence.store.records import open_records

NOW = Instant(1_000.0)


def session(number: int, sid: str = "", user_id: str = "u") -> Session:
    return Session(
        session_hash=f"hash_{number}",
        user_id=user_id,
        authenticated_at=Instant(NOW + number),
        expires_at=Instant(NOW + 100),
        sid=sid or f"sid_{number}",
    )


@pytest.fixture
async def records(tmp_path: Path):
    opened = await open_records(f"sqlite+aiosqlite:///{tmp_path}/records.db")
    for name, uri in (("told", "https://a.example/out"), ("quiet", "")):
        await opened.add_client(Client(client_id=name, name=name, backchannel_logout_uri=uri, created_at=NOW))
    await opened.add_user(User(user_id="u", username="m", password_hash="", created_at=NOW))
    for number in (1, 2):
        await opened.add_session(session(number))
    yield opened
    await opened.close()


async def test_an_ended_session_is_gone_for_everybody_but_the_record(records) -> None:
    for client_id in ("told", "quiet", "told"):
        assert await records.note_session_client("sid_1", client_id, NOW)
    assert await records.note_session_client("sid_2", "told", NOW)
    assert await records.end_session(session(1), NOW, Instant(NOW + 50))
    assert not await records.end_session(session(1), NOW, Instant(NOW + 50))
    assert await records.session("hash_1", NOW) is None
    assert await records.session_by_sid("sid_1", NOW) is None
    assert await records.list_sessions("u", NOW) == await records.all_sessions(NOW, 10) == [session(2)]
    assert await records.ended_sessions(Instant(NOW - 1)) == ["sid_1"]
    assert await records.ended_sessions(NOW) == []
    (notice,) = await records.claim_notices(NOW, Instant(NOW + 9), 5)
    assert (notice.client_id, notice.subject, notice.sid, notice.attempts) == ("told", "u", "sid_1", 1)
    assert not await records.note_session_client("sid_1", "told", NOW)
    assert await records.note_session_client("sid_unknown", "told", NOW)  # over: nobody is told


async def test_a_session_without_a_name_ends_too(records) -> None:
    await records.add_session(
        Session(session_hash="old", user_id="u", authenticated_at=NOW, expires_at=Instant(NOW + 9))
    )
    (old,) = [one for one in await records.list_sessions("u", NOW) if one.session_hash == "old"]
    assert await records.end_session(old, NOW, NOW)
    assert await records.ended_sessions(Instant(0.0)) == []


async def test_notices_are_claimed_put_off_and_let_go(records) -> None:
    await records.note_session_client("sid_1", "told", NOW)
    await records.end_session(session(1), NOW, Instant(NOW + 50))
    assert await records.claim_notices(Instant(NOW - 1), NOW, 5) == []
    (notice,) = await records.claim_notices(NOW, Instant(NOW + 9), 5)
    assert await records.claim_notices(Instant(NOW + 8), NOW, 5) == []
    await records.put_off_notice(notice.notice_id, Instant(NOW + 20))
    assert await records.claim_notices(Instant(NOW + 19), NOW, 5) == []
    (again,) = await records.claim_notices(Instant(NOW + 20), Instant(NOW + 30), 5)
    assert again.attempts == 2
    await records.remove_notice(notice.notice_id)
    assert await records.claim_notices(Instant(NOW + 99), NOW, 5) == []


async def test_a_key_is_revoked_once(records) -> None:
    key = RevokedKey(kid="k", why="stolen", revoked_at=NOW)
    assert await records.revoke_key(key)
    assert not await records.revoke_key(RevokedKey(kid="k", why="again", revoked_at=Instant(NOW + 1)))
    assert await records.revoked_keys() == [key]
