"""Consents as open banking has them: one way through their states, bound to client and text, decided once."""

import asyncio
import hashlib
import importlib.util
import json
from pathlib import Path

import pytest

from ringfence.store.blocks import grant_block
from ringfence.store.consent_states import ConsentState
from ringfence.store.interface import Admission

_spec = importlib.util.spec_from_file_location("oauth_rich", Path(__file__).parent / "rich.py")
rich = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(rich)


def moves(bank) -> list[str]:
    return [event.state for event in bank.events.of("ConsentMoved")]


async def only_consent(bank):
    (consent,) = await bank.ports.records.list_consents()
    return consent


async def test_from_awaiting_to_authorised_to_revoked(bank):
    browser = bank.browser()
    uri = await bank.partner.pushed_uri(scope="openid accounts")
    consent = await only_consent(bank)
    assert (consent.state, consent.client_id, consent.user_id) == (ConsentState.AWAITING, bank.partner.client_id, "")
    location = await browser.authorize(bank.partner.client_id, uri)
    tokens = (await bank.partner.token(bank.partner.redemption(rich.answered(location)["code"]))).json()
    consent = await only_consent(bank)
    assert (consent.state, consent.user_id, consent.grant_id) == (
        ConsentState.AUTHORISED,
        "user_mia",
        tokens["grant_id"],
    )
    await bank.partner.post("/oauth/revoke", {"token": tokens["refresh_token"]})
    consent = await only_consent(bank)
    assert (consent.state, consent.changed_at) == (ConsentState.REVOKED, bank.clock.now)
    assert moves(bank) == ["AwaitingAuthorisation", "Authorised", "Revoked"]


async def test_the_text_that_was_shown_is_kept_as_its_hash(bank):
    rar = await rich.rich_bank(bank)
    await rar.partner.code(**rich.asking(rich.payment(reference="R"), scope="accounts"))
    consent = await only_consent(bank)
    canonical = {
        "asked": [
            [
                "Pay 123.50 EUR to Merchant A, account DE02100100109307118603",
                [["reference", "R"]],
            ],
            ["See your accounts", []],
        ],
        "client": "Partner client_rich",
        "customer": "Mia Berg",
        "version": 1,
    }
    text = json.dumps(canonical, separators=(",", ":"), ensure_ascii=False)
    assert consent.text_sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert consent.text_version == 1
    assert bank.events.of("ConsentMoved")[-1].text_sha256 == consent.text_sha256


async def test_refusing_is_kept_too(bank):
    await bank.browser().authorize(bank.partner.client_id, await bank.partner.pushed_uri(), decision="deny")
    consent = await only_consent(bank)
    assert (consent.state, consent.user_id, consent.grant_id) == (ConsentState.REJECTED, "user_mia", "")
    assert consent.text_sha256
    assert moves(bank) == ["AwaitingAuthorisation", "Rejected"]
    assert not await bank.ports.records.list_grants()


@pytest.mark.parametrize("decision", ["allow", "deny"])
async def test_fifty_decisions_at_once_on_one_consent(bank, decision):
    browser = bank.browser()
    page = await browser.consent_page(bank.partner.client_id, await bank.partner.pushed_uri())

    async def decide(number: int):
        mixed = decision if number % 2 else ("deny" if decision == "allow" else "allow")
        return await browser.http.post(page.action, data=page.hidden | {"decision": mixed})

    answers = await asyncio.gather(*(decide(number) for number in range(50)))
    assert sorted(answer.status_code for answer in answers) == [303] + [400] * 49
    consent = await only_consent(bank)
    (won,) = [rich.answered(a.headers["location"]) for a in answers if a.status_code == 303]
    assert consent.state is (ConsentState.AUTHORISED if "code" in won else ConsentState.REJECTED)
    assert len(await bank.ports.records.list_grants()) == ("code" in won)
    assert len(moves(bank)) == 2


async def test_a_text_that_changed_since_it_was_shown_is_shown_again(bank):
    browser = bank.browser()
    page = await browser.consent_page(bank.partner.client_id, await bank.partner.pushed_uri())
    for shown in ("", "0" * 64):
        again = await browser.submit(page, decision="allow", shown=shown)
        assert again.is_consent
    assert (await only_consent(bank)).state is ConsentState.AWAITING
    assert "code=" in (await browser.submit(page, decision="allow")).answer.headers["location"]


async def test_a_consent_nobody_decides_expires(bank):
    await bank.partner.pushed_uri()
    assert not await bank.ports.records.expire_consents(bank.clock.now)
    bank.clock.forward(691)
    (expired,) = await bank.ports.records.expire_consents(bank.clock.now)
    assert expired.state is ConsentState.EXPIRED
    assert (await only_consent(bank)) == expired
    assert not await bank.ports.records.expire_consents(bank.clock.now)


async def test_what_ends_a_grant_ends_its_consent_and_blocks_its_tokens(bank):
    code = await bank.partner.code()
    tokens = (await bank.partner.token(bank.partner.redemption(code))).json()
    await bank.partner.token(bank.partner.redemption(code))  # a replay
    consent = await only_consent(bank)
    assert consent.state is ConsentState.REVOKED
    blocked = await bank.ports.fast.admit(Admission(blocks=(grant_block(tokens["grant_id"]),)), bank.clock.now)
    assert blocked.blocked == 0
    assert bank.events.of("ConsentMoved")[-1].why == "code replayed"
