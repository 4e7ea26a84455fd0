from decimal import Decimal

import pytest

from ringfence.oauth.endpoints import Endpoint
from ringfence.oauth.exchange import Exchange
from ringfence.oauth.request_object import as_form, open_request_object
from ringfence.problem import Reason, Refused
from ringfence.store.model import Client


def test_claims_become_what_a_form_would_have_held():
    members = {
        "state": "s",
        "max_age": 300,
        "nonce": "",
        "authorization_details": [{"type": "t", "n": Decimal("1.50")}],
    }
    assert as_form(members) == {
        "state": "s",
        "max_age": "300",
        "authorization_details": '[{"type":"t","n":1.50}]',
    }


@pytest.mark.parametrize("value", [True, None, "a\x00b"])
def test_what_no_parameter_can_be(value):
    with pytest.raises(Refused) as caught:
        as_form({"state": value})
    assert caught.value.reason is Reason.REQUEST_OBJECT_INVALID


def test_too_many():
    as_form({f"p{n}": "x" for n in range(64)})
    with pytest.raises(Refused) as caught:
        as_form({f"p{n}": "x" for n in range(65)})
    assert caught.value.reason is Reason.REQUEST_OBJECT_INVALID


@pytest.mark.parametrize("jwks", [{}, {"keys": []}])
async def test_a_client_without_keys_cannot_sign(bank, jwks):
    client = Client(client_id="c", name="C", jwks=jwks, created_at=bank.clock.now)
    exchange = Exchange(None, Endpoint.PAR, "mtls", bank.clock.now, {"request": "e30.e30.e30"}, client)
    with pytest.raises(Refused) as caught:
        await open_request_object(exchange, bank.server)
    assert caught.value.reason is Reason.REQUEST_OBJECT_INVALID


async def test_a_plain_request_stays_as_it_came(bank):
    client = Client(client_id="c", name="C", created_at=bank.clock.now)
    exchange = Exchange(None, Endpoint.PAR, "public", bank.clock.now, {"scope": "a"}, client)
    assert await open_request_object(exchange, bank.server) is exchange
