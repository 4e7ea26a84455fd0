"""The conformance tests race these statements on both engines; here is what each leaves alone."""

from pathlib import Path

import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.store.backchannel_model import BackchannelRequest, Notice
from ringfence.store.consent_states import ConsentState
from ringfence.store.model import Client, Consent, Grant, User
from ringfence.store.records import SqlRecords, open_records

NOW = Instant(1_000.0)


def request(number: int = 1, **changes) -> BackchannelRequest:
    fields = {
        "auth_req_hash": f"hash_{number}",
        "client_id": "c",
        "user_id": "u",
        "consent_id": f"consent_{number}",
        "parameters": {"scope": "openid"},
        "interval": 5,
        "next_poll_at": NOW,
        "created_at": Instant(NOW + number),
        "expires_at": Instant(NOW + 100),
    }
    return BackchannelRequest(**(fields | changes))


def consent(number: int = 1) -> Consent:
    return Consent(
        consent_id=f"consent_{number}",
        client_id="c",
        scopes=("openid",),
        created_at=NOW,
        changed_at=NOW,
        expires_at=Instant(NOW + 100),
    )


GRANT = Grant(grant_id="g", client_id="c", user_id="u", scopes=(), created_at=NOW, expires_at=Instant(NOW + 500))
PING = Notice(notice_id="p", kind="ping", client_id="c", created_at=NOW, due_at=NOW, expires_at=Instant(NOW + 100))


@pytest.fixture
async def records(tmp_path: Path):
    opened = await open_records(f"sqlite+aiosqlite:///{tmp_path}/records.db")
    await opened.add_client(Client(client_id="c", name="C", created_at=NOW))
    await opened.add_user(User(user_id="u", username="m", password_hash="", created_at=NOW))
    for number in (1, 2):
        await opened.add_backchannel_request(request(number), consent(number))
    yield opened
    await opened.close()


def decided(state: ConsentState) -> Consent:
    granted = "g" if state is ConsentState.AUTHORISED else ""
    return msgspec.structs.replace(consent(), state=state, user_id="u", grant_id=granted, changed_at=NOW)


async def allow(records: SqlRecords, **changes) -> bool:
    allowed = request(state="allowed", grant_id="g", decided_at=NOW, authenticated_at=NOW, acr="a", **changes)
    return await records.allow_backchannel_request(allowed, decided(ConsentState.AUTHORISED), GRANT, PING)


async def test_a_decision_changes_one_request_and_keeps_grant_consent_and_notice(records) -> None:
    assert await allow(records)
    kept = await records.backchannel_request_of("consent_1")
    assert (kept.state, kept.grant_id, kept.authenticated_at, kept.acr) == ("allowed", "g", NOW, "a")
    assert await records.backchannel_request("hash_2") == request(2)
    assert (await records.consent("consent_1")).state is ConsentState.AUTHORISED
    assert (await records.consent("consent_2")).state is ConsentState.AWAITING
    assert [one.consent_id for one in await records.pending_backchannel_requests("u", NOW)] == ["consent_2"]
    assert [one.notice_id for one in await records.claim_notices(NOW, Instant(NOW + 9), 5)] == ["p"]


async def test_what_is_decided_or_over_or_anothers_is_not_decided_again(records) -> None:
    assert not await allow(records, user_id="other")
    late = request(state="refused", decided_at=Instant(NOW + 100))
    assert not await records.refuse_backchannel_request(late, decided(ConsentState.REJECTED), None)
    assert await records.grant("g") is None  # nothing of an answer that came too late is kept
    assert await allow(records)
    refused = request(state="refused", decided_at=NOW)
    assert not await records.refuse_backchannel_request(refused, decided(ConsentState.REJECTED), None)


async def test_only_an_allowed_request_of_the_client_is_redeemed_and_once(records) -> None:
    assert await records.redeem_backchannel_request("hash_1", "c", NOW, None) is None
    await allow(records)
    assert await records.redeem_backchannel_request("hash_1", "other", NOW, None) is None
    assert await records.redeem_backchannel_request("hash_1", "c", Instant(NOW + 100), None) is None
    assert (await records.redeem_backchannel_request("hash_1", "c", NOW, None)).consumed_at == NOW
    assert await records.redeem_backchannel_request("hash_1", "c", NOW, None) is None


async def test_of_nobody_and_everybody(records) -> None:
    await records.add_backchannel_request(request(3, user_id=""), consent(3))
    assert len(await records.pending_backchannel_requests("", NOW)) == 2  # nobody can answer the third
    assert (await records.backchannel_request("hash_3")).user_id == ""
    assert await records.pending_backchannel_requests("u", Instant(NOW + 100)) == []


async def test_polls_are_counted_and_the_interval_is_bounded(records) -> None:
    assert await records.poll_backchannel_request("hash_1", NOW, 5, 10)
    for _ in range(3):
        assert not await records.poll_backchannel_request("hash_1", NOW, 5, 10)
    kept = await records.backchannel_request("hash_1")
    assert (kept.interval, kept.next_poll_at) == (10, NOW + 10)
    assert await records.backchannel_request("hash_2") == request(2)
