"""Consents in the database move along the table and no other way, one caller at a time."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringfence.clock import Instant
from ringfence.store.consent_states import ConsentState, sources
from ringfence.store.model import Client, Code, Consent, Grant, PushedRequest, User
from ringfence.store.records import SqlRecords, open_records

NOW = Instant(1_000.0)
LATER = Instant(2_000.0)
CONSENT = Consent(
    consent_id="consent_1", client_id="c", scopes=("a",), created_at=NOW, changed_at=NOW, expires_at=LATER
)
PUSHED = PushedRequest(
    uri_hash="h", client_id="c", consent_id="consent_1", parameters={}, created_at=NOW, expires_at=LATER
)
GRANT = Grant(grant_id="g", client_id="c", user_id="u", scopes=("a",), created_at=NOW, expires_at=LATER)
CODE = Code(
    code_hash="k",
    grant_id="g",
    client_id="c",
    user_id="u",
    redirect_uri="",
    scopes=("a",),
    code_challenge="",
    authenticated_at=NOW,
    created_at=NOW,
    expires_at=LATER,
)
but = msgspec.structs.replace


def decided(state: ConsentState, **changes: object) -> Consent:
    return but(CONSENT, state=state, user_id="u", text_sha256="t", text_version=1, decided_at=NOW, **changes)


AUTHORISED = decided(ConsentState.AUTHORISED, grant_id="g")
REJECTED = decided(ConsentState.REJECTED)


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[SqlRecords]:
    opened = await open_records(f"sqlite+aiosqlite:///{tmp_path}/x.db")
    await opened.add_client(Client(client_id="c", name="C", created_at=NOW))
    await opened.add_user(User(user_id="u", username="u", password_hash="", created_at=NOW))
    await opened.add_pushed_request(PUSHED, CONSENT)
    yield opened
    await opened.close()


async def test_a_consent_becomes_a_grant_with_everything_or_nothing(records: SqlRecords) -> None:
    assert await records.consent("consent_1") == CONSENT
    assert not await records.authorise_consent(but(AUTHORISED, client_id="d"), GRANT, CODE, None)
    assert await records.grant("g") is None
    assert await records.authorise_consent(AUTHORISED, GRANT, CODE, None)
    assert await records.consent_of_grant("g") == AUTHORISED
    assert await records.grant("g") == GRANT
    assert await records.list_consents("c", "u") == [AUTHORISED]
    assert await records.list_consents("d") == []


async def test_fifty_decisions_at_once(records: SqlRecords) -> None:
    async def decide(number: int) -> bool:
        if number % 2:
            return await records.reject_consent(REJECTED)
        own = but(GRANT, grant_id=f"g{number}")
        code = but(CODE, code_hash=f"k{number}", grant_id=own.grant_id)
        return await records.authorise_consent(but(AUTHORISED, grant_id=own.grant_id), own, code, None)

    won = await asyncio.gather(*(decide(number) for number in range(50)))
    assert sum(won) == 1
    assert len(await records.list_grants()) == (not won.index(True) % 2)


async def test_too_late_is_too_late(records: SqlRecords) -> None:
    assert not await records.authorise_consent(but(AUTHORISED, changed_at=LATER), GRANT, CODE, None)
    assert not await records.reject_consent(but(REJECTED, changed_at=LATER))


async def test_revoking_the_grant_revokes_the_consent(records: SqlRecords) -> None:
    await records.authorise_consent(AUTHORISED, GRANT, CODE, None)
    assert await records.revoke_grant("g", "why", Instant(1_500.0))
    found = await records.consent("consent_1")
    assert found is not None
    assert (found.state, found.changed_at, found.decided_at) == (ConsentState.REVOKED, 1_500.0, NOW)


async def test_a_changed_grant_replaces_consents_and_codes_unless_it_has_changed_since(records: SqlRecords) -> None:
    await records.authorise_consent(AUTHORISED, GRANT, CODE, None)
    second = but(CONSENT, consent_id="consent_2")
    await records.add_pushed_request(but(PUSHED, uri_hash="h2", consent_id="consent_2"), second)
    wider = but(GRANT, scopes=("a", "b"))
    newer, code = but(AUTHORISED, consent_id="consent_2"), but(CODE, code_hash="k2")
    assert not await records.authorise_consent(newer, wider, code, but(GRANT, scopes=("other",)))
    assert (await records.consent("consent_1")) == AUTHORISED
    assert await records.authorise_consent(newer, wider, code, GRANT)
    assert await records.grant("g") == wider
    assert await records.consent_of_grant("g") == newer
    old = await records.consent("consent_1")
    assert old is not None
    assert old.state is ConsentState.REVOKED
    assert await records.redeem_code("k", "c", NOW, None) is None
    assert await records.redeem_code("k2", "c", NOW, None) is not None
    await records.revoke_grant("g", "", NOW)
    third = but(CONSENT, consent_id="consent_3")
    await records.add_pushed_request(but(PUSHED, uri_hash="h3", consent_id="consent_3"), third)
    late = but(AUTHORISED, consent_id="consent_3")
    assert not await records.authorise_consent(late, wider, but(CODE, code_hash="k3"), wider)


async def test_expiry_and_what_the_sweep_keeps(records: SqlRecords) -> None:
    assert await records.expire_consents(Instant(LATER - 1)) == []
    (expired,) = await records.expire_consents(LATER)
    assert (expired.state, expired.changed_at) == (ConsentState.EXPIRED, LATER)
    await records.sweep(Instant(LATER + 90_000))
    assert await records.consent("consent_1") is None


async def test_what_a_customer_decided_is_kept(records: SqlRecords) -> None:
    await records.authorise_consent(AUTHORISED, GRANT, CODE, None)
    await records.expire_consents(LATER)
    await records.sweep(Instant(LATER + 90_000))
    assert (await records.list_consents())[0].state is ConsentState.EXPIRED


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tried=st.lists(st.sampled_from(ConsentState), max_size=6))
def test_the_database_follows_the_table(tmp_path_factory: pytest.TempPathFactory, tried: list[ConsentState]) -> None:
    path = tmp_path_factory.mktemp("x")

    async def run() -> None:
        opened = await open_records(f"sqlite+aiosqlite:///{path}/x.db")
        await opened.add_client(Client(client_id="c", name="C", created_at=NOW))
        await opened.add_pushed_request(PUSHED, CONSENT)
        state = ConsentState.AWAITING
        for target in tried:
            moved = await opened.end_consent("consent_1", target, NOW)
            assert moved == (state.value in sources(target))
            state = target if moved else state
            found = await opened.consent("consent_1")
            assert found is not None
            assert found.state is state
        await opened.close()

    asyncio.run(run())
