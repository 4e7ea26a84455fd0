"""The conformance tests manage; here is a store that is out half-way."""

import msgspec
import pytest

from ringfence.ids import token_hash
from ringfence.store.interface import Unavailable
from ringfence.store.registrations import Registration


class FastStateThatIsOut:
    def __init__(self, fast) -> None:
        self.fast = fast
        self.out = True

    async def block(self, keys, expires_at, now):
        if self.out:
            raise Unavailable("out")
        await self.fast.block(keys, expires_at, now)


@pytest.fixture
async def managed(bank):
    now = bank.clock.now
    registration = Registration(client_id="client_one", token_hash=token_hash("t"), created_at=now, changed_at=now)
    await bank.ports.records.renew_registration(registration)
    oauth = msgspec.to_builtins(bank.policy.oauth)
    oauth["registration"] = {"require": ["invitation"]}
    return bank.with_policy(oauth=oauth)


HEADERS = {"authorization": "Bearer t"}


async def test_an_end_with_the_fast_state_out_can_be_repeated(managed):
    bank = managed
    tokens = await bank.partner.tokens()
    fast = FastStateThatIsOut(bank.ports.fast)
    ports = msgspec.structs.replace(bank.ports, fast=fast)
    half = type(bank)(bank.policy, ports, bank.clock, bank.events)
    answer = await half.http.delete("/oauth/register/client_one", headers=HEADERS)
    assert answer.status_code == 503
    assert (await bank.ports.records.client("client_one")).status == "revoked", "no new tokens all the same"
    fast.out = False
    assert (await half.http.delete("/oauth/register/client_one", headers=HEADERS)).status_code == 204
    assert (await bank.ports.records.grant(tokens["grant_id"])).revoked_at is not None
    assert (await half.http.delete("/oauth/register/client_one", headers=HEADERS)).status_code == 401


async def test_an_operators_client_can_be_handed_over(managed):
    body = (await managed.http.get("/oauth/register/client_one", headers=HEADERS)).json()
    assert body["client_name"] == "Partner client_one"
    assert "registration_access_token" not in body
    document = {
        name: value for name, value in body.items() if name not in ("registration_client_uri", "client_id_issued_at")
    }
    document["software_statement"] = "a.b.c"
    refused = await managed.http.put("/oauth/register/client_one", headers=HEADERS, json=document)
    assert refused.json()["error"] == "invalid_software_statement"
    del document["software_statement"]
    answer = await managed.http.put("/oauth/register/client_one", headers=HEADERS, json=document)
    assert answer.status_code == 200, answer.text
    assert answer.json()["registration_access_token"]
