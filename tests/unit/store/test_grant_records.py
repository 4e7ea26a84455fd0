"""What the contract leaves open: a code whose grant has ended is spent by the attempt."""

from pathlib import Path

from ringfence.clock import Instant
from ringfence.store.model import Client, Code, Grant
from ringfence.store.records import open_records

NOW, LATER = Instant(1.0), Instant(100.0)


async def test_a_code_of_a_revoked_grant_is_spent_by_the_attempt(tmp_path: Path) -> None:
    records = await open_records(f"sqlite+aiosqlite:///{tmp_path}/x.db")
    await records.add_client(Client(client_id="c", name="n", created_at=NOW))
    code = Code(
        code_hash="h",
        grant_id="g",
        client_id="c",
        user_id="",
        redirect_uri="",
        scopes=(),
        code_challenge="",
        authenticated_at=NOW,
        created_at=NOW,
        expires_at=LATER,
    )
    grant = Grant(grant_id="g", client_id="c", user_id="", scopes=(), created_at=NOW, expires_at=LATER)
    await records.add_grant(grant, code)
    await records.revoke_grant("g", "test", NOW)
    assert await records.redeem_code("h", "c", NOW, None) is None
    spent = await records.code("h")
    assert spent is not None
    assert spent.consumed_at == NOW
    await records.close()
