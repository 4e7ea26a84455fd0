import json

import pytest

from ringfence.demo.ledger import Declined
from ringfence.demo.orders import read_order
from ringfence.demo.story import payment


def body(**initiation):
    whole = payment()
    whole["Data"]["Initiation"] |= initiation
    return json.dumps(whole).encode()


def test_a_payment_is_read_whole():
    order = read_order(body(), "u", "c", "k")
    assert (order.user_id, order.client, order.key) == ("u", "c", "k")
    assert (order.amount, order.currency) == (1250, "GBP")
    assert len(order.creditor) == 14
    assert order.debtor is None
    assert order.what.endswith("LUNCH ON FRIDAY")
    assert json.loads(bytes(order.initiation)) == payment()["Data"]["Initiation"]


def test_the_fingerprint_tells_payments_apart():
    assert read_order(body(), "u", "c").fingerprint == read_order(body(), "u", "c").fingerprint
    assert read_order(body(), "u", "c").fingerprint != read_order(body(LocalInstrument="X"), "u", "c").fingerprint


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"[]",
        b"{",
        b'{"Data":{}}',
        b"\xff",
        body(InstructedAmount={"Amount": 12.5, "Currency": "GBP"}),
        body(InstructedAmount={"Amount": "1e3", "Currency": "GBP"}),
        body(CreditorAccount={"SchemeName": "UK.OBIE.PAN", "Identification": "1" * 14, "Name": "n"}),
        body(CreditorAccount={"SchemeName": "UK.OBIE.SortCodeAccountNumber", "Identification": "1" * 13, "Name": "n"}),
        body(CreditorAccount={"SchemeName": "UK.OBIE.SortCodeAccountNumber", "Identification": "١" * 14, "Name": "n"}),
        body(CreditorAccount={"SchemeName": "UK.OBIE.IBAN", "Identification": "GB28NWBK60161331926819", "Name": "n"}),
    ],
)
def test_what_is_not_a_payment_is_declined(sent):
    with pytest.raises(Declined) as declined:
        read_order(sent, "u", "c")
    assert declined.value.status == 400
