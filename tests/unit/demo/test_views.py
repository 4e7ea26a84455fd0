import json

from starlette.datastructures import URL

from ringfence.clock import Instant
from ringfence.demo import views
from ringfence.demo.ledger import Account, Booking, Declined
from ringfence.demo.numbers import Minor

ACCOUNT = Account("acc_1", "CACC", "Everyday", "992104", "31926819", "GB11", "GBP", Minor(-5), "Amara", Instant(0))
BOOKING = Booking("bkg_1", Instant(1_800_000_000), Minor(-1250), Minor(100), "LUNCH")


def body(response):
    return json.loads(response.body)


def test_a_balance_below_zero_is_a_debit_without_a_sign():
    balance = body(views.balance(ACCOUNT, Instant(1_800_000_000)))["Data"]["Balance"][0]
    assert (balance["CreditDebitIndicator"], balance["Amount"]["Amount"]) == ("Debit", "0.05")
    assert balance["DateTime"] == "2027-01-15T08:00:00+00:00"


def test_a_page_in_the_middle_links_both_ways_and_keeps_the_query():
    url = URL("http://bank/accounts/acc_1/transactions?fromBookingDateTime=2026-01-01&page=2")
    links = body(views.transactions(ACCOUNT, [BOOKING], 2, 3, url.include_query_params))["Links"]
    here = "/accounts/acc_1/transactions?fromBookingDateTime=2026-01-01&page="
    assert links == {"Self": here + "2", "Prev": here + "1", "Next": here + "3"}


def test_a_page_beyond_the_last_links_back_to_the_last():
    url = URL("http://bank/accounts/acc_1/transactions?page=9")
    links = body(views.transactions(ACCOUNT, [], 9, 3, url.include_query_params))["Links"]
    assert links["Prev"].endswith("page=3")
    assert "Next" not in links


def test_a_booking_shows_direction_and_balance():
    url = URL("http://bank/x")
    shown = body(views.transactions(ACCOUNT, [BOOKING], 1, 1, url.include_query_params))["Data"]["Transaction"][0]
    assert (shown["CreditDebitIndicator"], shown["Amount"]["Amount"]) == ("Debit", "12.50")
    assert (shown["Balance"]["CreditDebitIndicator"], shown["Balance"]["Amount"]["Amount"]) == ("Credit", "1.00")


def test_a_refusal_names_the_member_only_where_there_is_one():
    assert body(views.declined(Declined("A", "b", "c")))["Errors"] == [
        {"ErrorCode": "Alder.A", "Message": "b", "Path": "c"}
    ]
    assert body(views.declined(Declined("A", "b", status=409)))["Errors"] == [{"ErrorCode": "Alder.A", "Message": "b"}]
