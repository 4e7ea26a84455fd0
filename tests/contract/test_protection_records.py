"""Every engine of the records keeps these promises about keys of fields and about tokens."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.store.interface import Records
from ringfence.store.protection_model import FieldKey, VaultToken
from ringfence.store.records import open_records

NOW = Instant(1_800_000_000.25)
KEY = FieldKey(data_key="dek_1", tenant="client_a", field="f", version=1, created_at=NOW)
TOKEN = VaultToken(token="T1", tenant="client_a", field="f", value_index="i", sealed="s", created_at=NOW)


@pytest.fixture(params=["sqlite", "postgres"])
async def records(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Records]:
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path}/records.db"
    else:
        url = str(await request.getfixturevalue("postgres").fresh())
    opened = await open_records(url)
    yield opened
    await opened.close()


def key(number: int, version: int) -> FieldKey:
    return msgspec.structs.replace(KEY, data_key=f"dek_{number}", version=version)


async def test_of_parallel_first_keys_one_stays(records: Records) -> None:
    won = await asyncio.gather(*(records.add_field_key(key(number, 1)) for number in range(10)))
    assert sum(won) == 1
    (kept,) = await records.field_keys("client_a", "f")
    assert kept == key(won.index(True), 1)
    assert await records.field_keys("client_b", "f") == []


async def test_a_new_version_retires_the_one_before(records: Records) -> None:
    assert await records.add_field_key(KEY)
    assert await records.add_field_key(msgspec.structs.replace(KEY, data_key="dek_2", version=2, created_at=NOW + 9))
    newest, older = await records.field_keys("client_a", "f")
    assert (newest.version, newest.retired_at, older.retired_at) == (2, None, NOW + 9)
    assert await records.lease_field_key("dek_1", 10, 100) is None
    assert await records.lease_field_key("dek_2", 10, 100) == 10
    assert await records.retire_field_key("dek_2", NOW)
    assert not await records.retire_field_key("dek_2", NOW)
    assert await records.lease_field_key("dek_2", 10, 100) is None


async def test_parallel_leases_stay_below_the_limit(records: Records) -> None:
    await records.add_field_key(KEY)
    leased = await asyncio.gather(*(records.lease_field_key("dek_1", 1 << 30, 1 << 32) for _ in range(8)))
    assert sorted(one for one in leased if one is not None) == [n << 30 for n in (1, 2, 3, 4)]
    assert (await records.field_keys("client_a", "f"))[0].uses == 1 << 32


async def test_of_parallel_tokens_for_one_value_one_stays(records: Records) -> None:
    tokens = await asyncio.gather(
        *(records.keep_token(msgspec.structs.replace(TOKEN, token=f"T{number}")) for number in range(20))
    )
    (one,) = set(tokens)
    assert await records.token_of("client_a", "f", "i") == one
    assert await records.vault_token(one) == msgspec.structs.replace(TOKEN, token=one)
    others = [name for name in (f"T{number}" for number in range(20)) if name != one]
    assert [await records.vault_token(name) for name in others] == [None] * 19
    assert await records.token_of("client_b", "f", "i") == ""


async def test_without_an_index_each_value_has_its_own_token_and_no_token_stands_for_two(records: Records) -> None:
    bare = msgspec.structs.replace(TOKEN, value_index="")
    assert await records.keep_token(bare) == "T1"
    assert await records.keep_token(msgspec.structs.replace(bare, token="T2")) == "T2"
    assert await records.keep_token(msgspec.structs.replace(bare, sealed="other")) == ""
    assert await records.vault_token("T1") == bare
