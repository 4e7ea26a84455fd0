"""Requests without a redirect beside payments and pairwise subjects.  OpenID CIBA Core §7.1; OpenID Connect Core §8."""

import importlib.util
import json
from pathlib import Path

_spec = importlib.util.spec_from_file_location("without_redirect", Path(__file__).parent / "without_redirect.py")
back = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(back)


async def test_a_payment_is_not_approved_without_its_own_page(bank):
    """What is bound to amount and payee needs the page that shows them large, and a factor for this payment."""
    details = back.rich.OAUTH["authorization_details"]
    linking = {"amount": "/instructedAmount/amount", "currency": "/instructedAmount/currency"}
    linking["payee"] = "/creditorAccount/iban"
    bank = await back.ciba_bank(
        bank, {"authorization_details": details | {"payment": details["payment"] | {"linking": linking}}}
    )
    answer = await back.ask(bank.partner, authorization_details=json.dumps([back.rich.payment()]))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_authorization_details")
    assert "push it" in answer.json()["error_description"]


async def test_a_hint_may_be_a_pairwise_subject(bank):
    bank = await back.ciba_bank(bank, subject_type="pairwise", sector="partner.example")
    raw = (await bank.partner.tokens())["id_token"]
    assert bank.claims(raw)["sub"] != "user_mia"
    await back.asked(bank.partner, login_hint=None, id_token_hint=raw)
    assert len(await bank.ports.records.pending_backchannel_requests("user_mia", bank.clock.now)) == 1
