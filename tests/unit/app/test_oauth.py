from pathlib import Path

from ringfence.app.oauth import block_again
from ringfence.clock import Instant
from ringfence.store.blocks import client_block, grant_block, key_block, session_block, user_block
from ringfence.store.embedded.lmdb_state import LmdbState
from ringfence.store.interface import Admission
from ringfence.store.logout_model import RevokedKey
from ringfence.store.model import Client, Grant, Session, User
from ringfence.store.records import open_records

NOW = Instant(1_790_000_000.0)


async def test_revocations_outlive_the_fast_state(tmp_path: Path) -> None:
    records = await open_records(f"sqlite+aiosqlite:///{tmp_path}/records.db")
    await records.add_client(Client(client_id="c", name="C", created_at=NOW))
    for name, revoked in (("fresh", NOW - 10), ("old", NOW - 1000), ("good", None)):
        grant = Grant(
            grant_id=name,
            client_id="c",
            user_id="",
            scopes=(),
            created_at=Instant(NOW - 2000),
            expires_at=Instant(NOW + 2000),
        )
        await records.add_grant(grant)
        if revoked is not None:
            assert await records.revoke_grant(name, "test", Instant(revoked))
    for name, status in (("on", "active"), ("off", "suspended")):
        await records.add_client(Client(client_id=name, name=name, status=status, created_at=NOW))
    for name, state in (("in", "active"), ("out", "disabled")):
        await records.add_user(User(user_id=name, username=name, password_hash="", status=state, created_at=NOW))
    for name, ended in (("lost", NOW - 10), ("long", NOW - 1000), ("live", None)):
        session = Session(
            session_hash=name, user_id="in", authenticated_at=NOW, expires_at=Instant(NOW + 900), sid=f"sid_{name}"
        )
        await records.add_session(session)
        if ended is not None:
            assert await records.end_session(session, Instant(ended), NOW)
    await records.revoke_key(RevokedKey(kid="stolen", revoked_at=Instant(NOW - 100_000)))
    fast = LmdbState(tmp_path / "fast")
    await block_again(records, fast, 300, NOW)
    for name, blocked in (("fresh", 0), ("old", -1), ("good", -1)):
        assert (await fast.admit(Admission(blocks=(grant_block(name),)), NOW)).blocked == blocked
    for key, blocked in (
        (client_block("on"), -1),
        (client_block("off"), 0),
        (user_block("in"), -1),
        (user_block("out"), 0),
        (session_block("sid_lost"), 0),
        (session_block("sid_long"), -1),
        (session_block("sid_live"), -1),
        (key_block("stolen"), 0),
        (key_block("other"), -1),
    ):
        assert (await fast.admit(Admission(blocks=(key,)), NOW)).blocked == blocked
    later = Instant(NOW + 86_400 * 3_650)
    assert (await fast.admit(Admission(blocks=(key_block("stolen"),)), later)).blocked == 0
    fast.close()
    await records.close()
