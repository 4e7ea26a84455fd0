"""The contract suite tests the races on every engine; here is what each statement leaves alone."""

from pathlib import Path

from ringfence.clock import Instant
from ringfence.store.model import User
from ringfence.store.records import open_records


async def test_only_the_named_user_changes(tmp_path: Path) -> None:
    records = await open_records(f"sqlite+aiosqlite:///{tmp_path}/records.db")
    for name in "ab":
        await records.add_user(User(user_id=name, username=name, password_hash="", created_at=Instant(1.0)))
    before = await records.user("b")
    assert await records.enrol_authenticator("a", "sealed", 7, "x y")
    assert await records.claim_totp_step("a", 8)
    assert await records.change_recovery_codes("a", "x y", "y")
    changed = await records.user("a")
    assert changed is not None
    assert (changed.totp_secret, changed.totp_step, changed.recovery_codes) == ("sealed", 8, "y")
    assert await records.user("b") == before
    for refused in (
        records.claim_totp_step("b", 9),
        records.enrol_authenticator("c", "sealed", 7, ""),
        records.change_recovery_codes("c", "", "z"),
        records.remove_authenticator("c"),
    ):
        assert not await refused
    await records.close()
