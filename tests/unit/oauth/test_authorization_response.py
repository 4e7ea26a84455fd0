from urllib.parse import parse_qs, urlsplit

import pytest

from ringfence.keys.ports import KeyUnusable
from ringfence.oauth.authorization_response import RESPONSE_SECONDS, lead_back
from ringfence.oauth.exchange import Asked

ASKED = {"redirect_uri": "https://partner.example/cb", "scope": "a", "code_challenge": "c", "state": "a b&c"}


async def test_a_plain_answer(bank):
    response = await lead_back(Asked(**ASKED), "client_one", bank.server, bank.clock.now, {"code": "x"})
    assert response.status == 303
    query = parse_qs(urlsplit(dict(response.headers)["location"]).query)
    assert query == {"code": ["x"], "state": ["a b&c"], "iss": [bank.policy.issuer]}


async def test_a_signed_answer_holds_everything_and_nothing_stands_beside_it(bank):
    asked = Asked(**ASKED, response_mode="jwt")
    response = await lead_back(asked, "client_one", bank.server, bank.clock.now, {"error": "access_denied"})
    query = parse_qs(urlsplit(dict(response.headers)["location"]).query)
    assert set(query) == {"response"}
    assert bank.claims(query["response"][0]) == {
        "iss": bank.policy.issuer,
        "aud": "client_one",
        "exp": int(bank.clock.now) + RESPONSE_SECONDS,
        "error": "access_denied",
        "state": "a b&c",
    }


async def test_without_a_signature_there_is_no_answer(bank):
    class Broken:
        async def sign(self, claims, typ):
            raise KeyUnusable("gone")

    ports = type(bank.ports)(**{f: getattr(bank.ports, f) for f in bank.ports.__struct_fields__} | {"signer": Broken()})
    server = type(bank.server)(bank.server.profile, ports)
    with pytest.raises(KeyUnusable):
        await lead_back(Asked(**ASKED, response_mode="jwt"), "client_one", server, bank.clock.now, {"code": "x"})
