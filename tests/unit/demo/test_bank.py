import json

import httpx
import pytest

from ringfence.demo.bank import Bank
from ringfence.demo.seed import CUSTOMERS
from ringfence.demo.story import payment
from ringfence.ids import system_random

AMARA = {"x-ringfence-user": "user_amara", "x-ringfence-client": "c1"}
CURRENT, SAVINGS = CUSTOMERS[0].accounts
ACCOUNT = f"/accounts/{CURRENT.account_id}"


@pytest.fixture
async def bank(ledger, now):
    app = Bank(ledger, lambda: now, system_random).app()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bank") as client:
        yield client


async def test_a_customer_sees_their_own_accounts(bank):
    answer = (await bank.get("/accounts", headers=AMARA)).json()
    assert [a["AccountId"] for a in answer["Data"]["Account"]] == [CURRENT.account_id, SAVINGS.account_id]
    one = (await bank.get(ACCOUNT, headers=AMARA)).json()
    assert one["Data"]["Account"] == answer["Data"]["Account"][:1]


@pytest.mark.parametrize("rest", ["", "/balances", "/transactions"])
async def test_anothers_account_is_not_there(bank, rest):
    other = await bank.get(f"/accounts/{CUSTOMERS[1].accounts[0].account_id}{rest}", headers=AMARA)
    unknown = await bank.get(f"/accounts/nothing{rest}", headers=AMARA)
    assert other.status_code == unknown.status_code == 404
    assert other.json() == unknown.json()


@pytest.mark.parametrize("headers", [{}, {"x-ringfence-user": "user_amara"}, {"x-ringfence-client": "c1"}])
@pytest.mark.parametrize("path", ["/accounts", ACCOUNT, f"{ACCOUNT}/balances", "/domestic-payments/x"])
async def test_without_the_gateways_word_nothing_is_told(bank, headers, path):
    assert (await bank.get(path, headers=headers)).status_code == 401


async def test_the_balance_is_a_text_with_two_places(bank):
    answer = (await bank.get(f"{ACCOUNT}/balances", headers=AMARA)).json()
    assert answer["Data"]["Balance"][0]["Amount"] == {"Amount": "2843.17", "Currency": "GBP"}


async def test_transactions_come_in_pages_that_do_not_overlap(bank):
    seen, url, pages = [], f"{ACCOUNT}/transactions", 0
    while url:
        answer = (await bank.get(url, headers=AMARA)).json()
        seen += [t["TransactionId"] for t in answer["Data"]["Transaction"]]
        url, pages = answer["Links"].get("Next"), pages + 1
    assert pages == answer["Meta"]["TotalPages"] == 2
    assert len(seen) == len(set(seen)) > 50


async def test_transactions_can_be_narrowed_in_time(bank):
    query = {"fromBookingDateTime": "2027-01-08T00:00:00", "toBookingDateTime": "2027-01-12T00:00:00Z"}
    answer = (await bank.get(f"{ACCOUNT}/transactions", params=query, headers=AMARA)).json()
    times = [t["BookingDateTime"] for t in answer["Data"]["Transaction"]]
    assert times
    assert all("2027-01-08" <= t < "2027-01-12" for t in times)
    assert "fromBookingDateTime" in answer["Links"]["Self"]


@pytest.mark.parametrize(
    "query",
    [
        {"page": "0"},
        {"page": "x"},
        {"page": "٣"},
        {"page": "99999"},
        {"page": ""},
        {"fromBookingDateTime": "yesterday"},
    ],
)
async def test_a_wrong_query_is_declined(bank, query):
    assert (await bank.get(f"{ACCOUNT}/transactions", params=query, headers=AMARA)).status_code == 400


async def test_a_payment_is_made_shown_and_counted(bank):
    before = (await bank.get("/__count")).json()
    made = await bank.post("/domestic-payments", json=payment(), headers=AMARA | {"x-idempotency-key": "k1"})
    again = await bank.post("/domestic-payments", json=payment(), headers=AMARA | {"x-idempotency-key": "k1"})
    assert made.status_code == again.status_code == 201
    assert made.json() == again.json()
    shown = await bank.get(made.json()["Links"]["Self"], headers=AMARA)
    assert shown.json() == made.json()
    assert shown.json()["Data"]["Initiation"] == payment()["Data"]["Initiation"]
    after = (await bank.get("/__count")).json()
    assert (after["calls"] - before["calls"], after["payments"] - before["payments"]) == (3, 1)


async def test_an_overdraft_is_declined_and_moves_nothing(bank, ledger):
    total, much = ledger.total(), payment()
    much["Data"]["Initiation"]["InstructedAmount"]["Amount"] = "2843.18"
    answer = await bank.post("/domestic-payments", json=much, headers=AMARA)
    assert answer.status_code == 400
    assert answer.json()["Errors"][0]["ErrorCode"] == "Alder.Funds.Insufficient"
    assert ledger.total() == total
    assert ledger.account("user_amara", CURRENT.account_id).balance == CURRENT.balance


async def test_a_body_that_is_too_large_is_not_read(bank):
    huge = json.dumps({"Data": "x" * 70_000}).encode()
    assert (await bank.post("/domestic-payments", content=huge, headers=AMARA)).status_code == 413
