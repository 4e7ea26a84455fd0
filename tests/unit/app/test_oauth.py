from pathlib import Path

from ringfence.app.oauth import block_again
from ringfence.clock import Instant
from ringfence.store.blocks import client_block, grant_block, user_block
from ringfence.store.embedded.lmdb_state import LmdbState
from ringfence.store.interface import Admission
from ringfence.store.model import Client, Grant, User
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
    fast = LmdbState(tmp_path / "fast")
    await block_again(records, fast, 300, NOW)
    for name, blocked in (("fresh", 0), ("old", -1), ("good", -1)):
        assert (await fast.admit(Admission(blocks=(grant_block(name),)), NOW)).blocked == blocked
    for key, blocked in (
        (client_block("on"), -1),
        (client_block("off"), 0),
        (user_block("in"), -1),
        (user_block("out"), 0),
    ):
        assert (await fast.admit(Admission(blocks=(key,)), NOW)).blocked == blocked
    fast.close()
    await records.close()
