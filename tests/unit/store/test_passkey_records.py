"""The contract suite tests the races on every engine; here is what each statement leaves alone."""

from pathlib import Path

from ringfence.clock import Instant
from ringfence.store.model import Passkey, Session, User
from ringfence.store.records import open_records

NOW = Instant(1.0)


async def test_only_the_named_user_changes(tmp_path: Path) -> None:
    records = await open_records(f"sqlite+aiosqlite:///{tmp_path}/records.db")
    for name in "ab":
        await records.add_user(User(user_id=name, username=name, password_hash="", created_at=NOW))
        await records.add_passkey(
            Passkey(credential_id=f"of {name}", user_id=name, public_key="k", created_at=NOW), "x"
        )
        await records.add_session(
            Session(session_hash=f"s{name}", user_id=name, authenticated_at=NOW, expires_at=Instant(9.0))
        )
    before = (await records.user("b"), await records.list_passkeys("b"), await records.list_sessions("b", NOW))
    assert not await records.remove_passkey("a", "of b", last=True)
    assert not await records.name_passkey("a", "of b", "mine")
    assert await records.use_passkey("of a", 4, NOW, backed_up=True)
    assert await records.remove_passkey("a", "of a", last=True)
    assert await records.remove_authenticator("a")
    assert (
        await records.user("b"),
        await records.list_passkeys("b"),
        await records.list_sessions("b", NOW),
    ) == before
    await records.remove_user("b")
    assert await records.passkey("of b") is None
    await records.close()
