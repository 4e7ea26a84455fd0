"""The bank's answers, in the form that UK open banking gives them."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from starlette.datastructures import URL
from starlette.responses import Response

from ringfence.clock import Instant
from ringfence.demo.ledger import Account, Booking, Declined, Payment
from ringfence.demo.numbers import Minor, amount_text


def accounts(here: str, found: Sequence[Account]) -> Response:
    """Return accounts without their balances."""
    return _answer({"Account": [_account(a) for a in found]}, {"Self": here}, {"TotalPages": 1})


def balance(account: Account, now: Instant) -> Response:
    """Return what is in an account."""
    view = {
        "AccountId": account.account_id,
        "CreditDebitIndicator": _direction(account.balance),
        "Type": "ITBD",
        "DateTime": iso_time(now),
        "Amount": _amount(account.balance, account.currency),
    }
    return _answer({"Balance": [view]}, {"Self": f"/accounts/{account.account_id}/balances"}, {"TotalPages": 1})


def transactions(
    account: Account, booked: Sequence[Booking], page: int, pages: int, url_with: Callable[..., URL]
) -> Response:
    """Return a page of bookings with links to the pages beside it; `url_with(page=n)` is the called URL for page n."""

    def link(number: int) -> str:
        return f"/accounts/{account.account_id}/transactions?{url_with(page=number).query}"

    links = {"Self": link(page)}
    if page > 1:
        links["Prev"] = link(min(page - 1, pages))
    if page < pages:
        links["Next"] = link(page + 1)
    return _answer({"Transaction": [_transaction(account, b) for b in booked]}, links, {"TotalPages": pages})


def payment(made: Payment, status: int) -> Response:
    """Return a payment that was made."""
    when = iso_time(made.at)
    data = {
        "DomesticPaymentId": made.payment_id,
        "Status": "ACSC",
        "CreationDateTime": when,
        "StatusUpdateDateTime": when,
        "Initiation": made.initiation,
    }
    return _answer(data, {"Self": f"/domestic-payments/{made.payment_id}"}, {}, status)


def declined(refusal: Declined) -> Response:
    """Return why the bank will not."""
    error = {"ErrorCode": f"Alder.{refusal.code}", "Message": refusal.message}
    if refusal.path:
        error["Path"] = refusal.path
    return json({"Errors": [error]}, refusal.status)


def json(content: dict[str, Any], status: int) -> Response:
    """Return any content as JSON."""
    return Response(msgspec.json.encode(content), status, media_type="application/json")


def iso_time(at: Instant) -> str:
    """Return an instant as ISO 8601 in UTC, seconds precise."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def _account(a: Account) -> dict[str, Any]:
    return {
        "AccountId": a.account_id,
        "Status": "Enabled",
        "StatusUpdateDateTime": iso_time(a.opened_at),
        "Currency": a.currency,
        "AccountTypeCode": a.kind,
        "Nickname": a.nickname,
        "Account": [
            {"SchemeName": "UK.OBIE.SortCodeAccountNumber", "Identification": a.sort_code + a.number, "Name": a.holder},
            {"SchemeName": "UK.OBIE.IBAN", "Identification": a.iban, "Name": a.holder},
        ],
    }


def _transaction(account: Account, booking: Booking) -> dict[str, Any]:
    return {
        "AccountId": account.account_id,
        "TransactionId": booking.booking_id,
        "CreditDebitIndicator": _direction(booking.amount),
        "Status": "BOOK",
        "BookingDateTime": iso_time(booking.at),
        "Amount": _amount(booking.amount, account.currency),
        "TransactionInformation": booking.what,
        "Balance": {
            "CreditDebitIndicator": _direction(booking.balance_after),
            "Type": "ITBD",
            "Amount": _amount(booking.balance_after, account.currency),
        },
    }


def _amount(value: Minor, currency: str) -> dict[str, str]:
    return {"Amount": amount_text(value), "Currency": currency}


def _direction(amount: Minor) -> str:
    return "Credit" if amount >= 0 else "Debit"


def _answer(data: dict[str, Any], links: dict[str, str], meta: dict[str, int], status: int = 200) -> Response:
    return json({"Data": data, "Links": links, "Meta": meta}, status)
