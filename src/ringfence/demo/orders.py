"""Read the body of a payment into an order, strictly: the bank checks again what the gateway checked."""

from typing import Final

import msgspec

from ringfence.demo.ledger import Declined, Order
from ringfence.demo.numbers import checked_iban, minor

SORT_CODE_SCHEME: Final = "UK.OBIE.SortCodeAccountNumber"
IBAN_SCHEME: Final = "UK.OBIE.IBAN"

SORT_CODE_DIGITS: Final = 14
"""Six of the sort code, eight of the account number."""


class AccountNumber(msgspec.Struct, frozen=True, rename="pascal"):
    """An account as a payment names it."""

    scheme_name: str
    identification: str
    name: str


class Amount(msgspec.Struct, frozen=True, rename="pascal"):
    """An amount as text, and its currency."""

    amount: str
    currency: str


class Remittance(msgspec.Struct, frozen=True, rename="pascal"):
    """What the payee gets to read."""

    unstructured: tuple[str, ...] = ()
    reference: str = ""


class Initiation(msgspec.Struct, frozen=True, rename="pascal"):
    """What the bank needs of a payment; the rest is kept with it and given back."""

    end_to_end_identification: str
    instructed_amount: Amount
    creditor_account: AccountNumber
    debtor_account: AccountNumber | None = None
    remittance_information: Remittance = Remittance()


class Data(msgspec.Struct, frozen=True, rename="pascal"):
    """The payment as it was sent."""

    initiation: msgspec.Raw


class PaymentRequest(msgspec.Struct, frozen=True, rename="pascal"):
    """The body of a payment."""

    data: Data


def read_order(body: bytes, user_id: str, client: str, key: str | None = None) -> Order:
    """Return the order that a body asks for.

    Raises:
        Declined: the body is not a payment, the amount is not one, or an account number cannot be right.
    """
    try:
        sent = msgspec.json.decode(body, type=PaymentRequest).data.initiation
        asked = msgspec.json.decode(sent, type=Initiation)
    except msgspec.DecodeError as wrong:
        raise Declined("Field.Invalid", f"The body is not a payment: {wrong}") from None
    try:
        amount = minor(asked.instructed_amount.amount)
    except ValueError as wrong:
        raise Declined("Field.Invalid", str(wrong), "Data.Initiation.InstructedAmount.Amount") from None
    payer = asked.debtor_account
    return Order(
        user_id=user_id,
        client=client,
        key=key,
        amount=amount,
        currency=asked.instructed_amount.currency,
        debtor=_identification(payer, "Data.Initiation.DebtorAccount") if payer else None,
        creditor=_identification(asked.creditor_account, "Data.Initiation.CreditorAccount"),
        what=f"PAYMENT {asked.creditor_account.name} {_reference(asked)}".upper(),
        initiation=msgspec.Raw(bytes(sent)),
    )


def _reference(asked: Initiation) -> str:
    told = asked.remittance_information
    return told.reference or (told.unstructured[0] if told.unstructured else asked.end_to_end_identification)


def _identification(account: AccountNumber, path: str) -> str:
    text = account.identification
    if account.scheme_name == SORT_CODE_SCHEME:
        if len(text) != SORT_CODE_DIGITS or not (text.isascii() and text.isdecimal()):
            raise Declined("Field.Invalid", "Six digits of sort code and eight of account number are needed", path)
        return text
    if account.scheme_name == IBAN_SCHEME:
        try:
            return checked_iban(text)
        except ValueError as wrong:
            raise Declined("Field.Invalid", str(wrong), path) from None
    raise Declined("Field.Invalid", "The bank does not know this scheme of account numbers", path)
