"""Using a consent up: the whole life of it is in the conformance tests, on both databases; here, what the moves leave."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.store.consent_states import ConsentState
from ringfence.store.model import Client, Consent
from ringfence.store.records import SqlRecords, open_records
from ringfence.store.rows import to_owned_row
from ringfence.store.schema import consents

NOW = Instant(1_000.0)
CONSENT = Consent(
    consent_id="consent_1",
    client_id="c",
    state=ConsentState.AUTHORISED,
    scopes=(),
    created_at=NOW,
    changed_at=NOW,
    expires_at=Instant(2_000.0),
)


@pytest.fixture
async def records(tmp_path: Path):
    found = await open_records(f"sqlite+aiosqlite:///{tmp_path}/r.db")
    await found.add_client(Client(client_id="c", name="c", created_at=NOW))
    yield found
    await found.close()


async def keep(records: SqlRecords, **changes: object) -> None:
    async with records._database.writing() as connection:
        await connection.execute(consents.insert().values(to_owned_row(msgspec.structs.replace(CONSENT, **changes))))


async def use(records: SqlRecords, call: str = "call_1", now: Instant = NOW) -> bool:
    return await records.use_consent("consent_1", "c", call, now)


@pytest.mark.parametrize("state", [state for state in ConsentState if state is not ConsentState.AUTHORISED])
async def test_only_a_consent_in_force_is_used(records, state) -> None:
    await keep(records, state=state)
    assert not await use(records)


async def test_one_of_many_gets_it(records) -> None:
    await keep(records)
    won = await asyncio.gather(*(use(records, f"call_{n}") for n in range(50)))
    assert won.count(True) == 1
    kept = await records.consent("consent_1")
    assert (kept.used_by, kept.used_at, kept.state) == (f"call_{won.index(True)}", NOW, ConsentState.AUTHORISED)


async def test_only_the_call_that_uses_it_returns_or_spends_it(records) -> None:
    await keep(records)
    assert await use(records)
    assert not await records.return_consent("consent_1", "call_2")
    assert await records.spend_consent("consent_1", "call_2", NOW) is None
    assert await records.return_consent("consent_1", "call_1")
    assert not await records.return_consent("consent_1", "call_1")
    assert await use(records, "call_2")
    assert (await records.spend_consent("consent_1", "call_2", NOW)).state is ConsentState.CONSUMED
    assert not await records.return_consent("consent_1", "call_2")
    assert await records.spend_consent("consent_1", "call_2", NOW) is None


async def test_an_empty_name_uses_nothing_up(records) -> None:
    await keep(records)
    assert await records.spend_abandoned(Instant(5_000.0), NOW) == []


async def test_what_a_dead_call_left_is_spent(records) -> None:
    await keep(records)
    await use(records)
    assert await records.spend_abandoned(Instant(NOW - 1), NOW) == []
    (left,) = await records.spend_abandoned(NOW, Instant(1_500.0))
    assert (left.state, left.changed_at) == (ConsentState.CONSUMED, 1_500.0)
