"""The conformance tests register; here is what they do not see."""

import msgspec

from ringfence.ids import token_hash
from ringfence.oauth.register import already_there, used_statement
from ringfence.problem import Reason
from ringfence.store.interface import AlreadyThere
from ringfence.store.registrations import Invitation


def test_each_thing_that_is_taken_has_its_error():
    assert already_there(AlreadyThere("statement")).reason is Reason.STATEMENT_INVALID
    assert already_there(AlreadyThere("name")).reason is Reason.CLIENT_METADATA
    assert used_statement(None, "c") is None


async def test_what_cannot_be_recorded_is_not_registered(bank):
    oauth = msgspec.to_builtins(bank.policy.oauth)
    oauth["registration"] = {"require": ["invitation"]}
    open_bank = bank.with_policy(oauth=oauth)
    bank.events.full = True
    before = await bank.ports.records.list_clients()
    invitation = Invitation(
        token_hash=token_hash("t"), name="x", uses_left=1, created_at=bank.clock.now, expires_at=bank.clock.now + 9
    )
    await bank.ports.records.add_invitation(invitation)
    said = {
        "client_name": "Kestrel",
        "redirect_uris": ["https://a.example/cb"],
        "scope": "openid",
        "jwks": bank.partner.jwks,
    }
    answer = await open_bank.http.post("/oauth/register", json=said, headers={"authorization": "Bearer t"})
    assert answer.status_code == 503
    assert await bank.ports.records.list_clients() == before
    bank.events.full = False
    answer = await open_bank.http.post("/oauth/register", json=said, headers={"authorization": "Bearer t"})
    assert answer.status_code == 201
