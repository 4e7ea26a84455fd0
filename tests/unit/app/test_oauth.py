from pathlib import Path

from ringfence.app.oauth import block_revoked_again
from ringfence.clock import Instant
from ringfence.store.blocks import grant_block
from ringfence.store.embedded.lmdb_state import LmdbState
from ringfence.store.interface import Admission
from ringfence.store.model import Client, Grant
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
    fast = LmdbState(tmp_path / "fast")
    await block_revoked_again(records, fast, 300, NOW)
    for name, blocked in (("fresh", 0), ("old", -1), ("good", -1)):
        assert (await fast.admit(Admission(blocks=(grant_block(name),)), NOW)).blocked == blocked
    fast.close()
    await records.close()
