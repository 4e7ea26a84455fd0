"""Every engine of the records keeps these promises about passkeys and the use of sessions."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.store.interface import Records
from ringfence.store.model import Passkey, Session, User
from ringfence.store.records import open_records

S = TypeVar("S", bound=msgspec.Struct)
NOW = Instant(1_800_000_000.25)
USER = User(user_id="user_1", username="ann", password_hash="$argon2id$…", name="Ann", created_at=NOW)


def at(seconds: float) -> Instant:
    return Instant(NOW + seconds)


def but(record: S, **changes: object) -> S:
    return msgspec.structs.replace(record, **changes)


@pytest.fixture(params=["sqlite", "postgres"])
async def filled(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Records]:
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path}/records.db"
    else:
        url = str(await request.getfixturevalue("postgres").fresh())
    opened = await open_records(url)
    await opened.add_user(USER)
    yield opened
    await opened.close()


PASSKEY = Passkey(
    credential_id="cred_1", user_id="user_1", public_key="key", sign_count=3, name="Phone", created_at=NOW
)


async def test_a_passkey_is_kept_used_named_and_removed(filled: Records) -> None:
    assert await filled.add_passkey(PASSKEY, "a b")
    assert not await filled.add_passkey(but(PASSKEY, name="again"))
    assert not await filled.add_passkey(but(PASSKEY, credential_id="cred_2", user_id="nobody"))
    assert await filled.add_passkey(but(PASSKEY, credential_id="cred_2", created_at=at(1)), "c d")
    assert await filled.user("user_1") == but(USER, recovery_codes="a b")
    assert await filled.use_passkey("cred_1", 4_294_967_295, at(5), backed_up=True)
    assert await filled.name_passkey("user_1", "cred_1", "Tablet")
    assert not await filled.name_passkey("user_2", "cred_1", "Stolen")
    used = but(PASSKEY, sign_count=4_294_967_295, used_at=at(5), backed_up=True, name="Tablet")
    assert await filled.passkey("cred_1") == used
    assert [one.credential_id for one in await filled.list_passkeys("user_1")] == ["cred_1", "cred_2"]
    assert not await filled.remove_passkey("user_2", "cred_1", last=True)
    assert await filled.remove_passkey("user_1", "cred_1", last=False)
    assert await filled.passkey("cred_1") is None
    assert not await filled.remove_passkey("user_1", "cred_2", last=False)
    assert await filled.remove_passkey("user_1", "cred_2", last=True)
    assert await filled.user("user_1") == USER


async def test_a_count_that_was_seen_is_refused(filled: Records) -> None:
    await filled.add_passkey(PASSKEY)
    assert not await filled.use_passkey("cred_1", 0, NOW, backed_up=False)
    assert not await filled.use_passkey("cred_1", 3, NOW, backed_up=False)
    won = await asyncio.gather(*(filled.use_passkey("cred_1", 4, NOW, backed_up=False) for _ in range(50)))
    assert sum(won) == 1
    await filled.add_passkey(but(PASSKEY, credential_id="cred_2", sign_count=0))
    assert await filled.use_passkey("cred_2", 0, NOW, backed_up=False)
    assert await filled.use_passkey("cred_2", 0, NOW, backed_up=False)
    assert not await filled.use_passkey("nothing", 5, NOW, backed_up=False)


async def test_of_parallel_removals_one_factor_stays(filled: Records) -> None:
    for number in range(10):
        await filled.add_passkey(but(PASSKEY, credential_id=f"cred_{number}"))
    gone = await asyncio.gather(*(filled.remove_passkey("user_1", f"cred_{i}", last=False) for i in range(10)))
    assert sum(gone) == 9
    assert len(await filled.list_passkeys("user_1")) == 1


async def test_of_parallel_additions_as_many_as_allowed_stay(filled: Records) -> None:
    added = await asyncio.gather(*(filled.add_passkey(but(PASSKEY, credential_id=f"c{i}")) for i in range(30)))
    assert sum(added) == len(await filled.list_passkeys("user_1")) == 20


async def test_an_authenticator_app_lets_the_last_passkey_go(filled: Records) -> None:
    await filled.enrol_authenticator("user_1", "sealed", 5, "a b")
    await filled.add_passkey(PASSKEY)
    assert await filled.remove_passkey("user_1", "cred_1", last=False)
    assert (await filled.user("user_1")).recovery_codes == "a b"
    await filled.add_passkey(PASSKEY)
    assert await filled.remove_passkey("user_1", "cred_1", last=True)
    assert (await filled.user("user_1")).recovery_codes == "a b"


async def test_who_is_given_back_the_password_alone_has_no_passkey_either(filled: Records) -> None:
    await filled.add_passkey(PASSKEY, "a b")
    assert await filled.remove_authenticator("user_1")
    assert await filled.list_passkeys("user_1") == []
    assert await filled.user("user_1") == USER


async def test_the_use_of_a_session_is_noted(filled: Records) -> None:
    for number in range(3):
        await filled.add_session(
            Session(session_hash=f"s{number}", user_id="user_1", authenticated_at=at(number), expires_at=at(1000))
        )
    await filled.note_session_use("s1", at(7))
    assert (await filled.session("s1", NOW)).used_at == at(7)
