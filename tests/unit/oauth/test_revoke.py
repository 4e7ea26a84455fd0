from ringfence.oauth.revoke import BLOCK_SECONDS, revoke_grant
from ringfence.policy.model import Lifetimes
from ringfence.store.blocks import grant_block, token_block
from ringfence.store.interface import Admission


async def blocked(bank, *keys) -> bool:
    return (await bank.ports.fast.admit(Admission(blocks=keys), bank.clock.now)).blocked >= 0


async def test_revoking_a_refresh_token_takes_the_grant_with_it(bank):
    body = await bank.partner.tokens()
    (grant,) = await bank.ports.records.list_grants()
    answer = await bank.partner.post("/oauth/revoke", {"token": body["refresh_token"]})
    assert (answer.status_code, answer.content) == (200, b"")
    assert await blocked(bank, grant_block(grant.grant_id))
    form = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]}
    assert (await bank.partner.token(form)).json()["error"] == "invalid_grant"
    assert (await bank.partner.userinfo(body["access_token"])).status_code == 401
    (event,) = bank.events.of("GrantRevoked")
    assert (event.grant, event.client, event.user) == (grant.grant_id, "client_one", "user_mia")


async def test_revoking_an_access_token_leaves_the_grant(bank):
    body = await bank.partner.tokens()
    assert (await bank.partner.post("/oauth/revoke", {"token": body["access_token"]})).status_code == 200
    assert await blocked(bank, token_block(bank.claims(body["access_token"])["jti"]))
    assert (await bank.partner.userinfo(body["access_token"])).status_code == 401
    form = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]}
    assert (await bank.partner.token(form)).status_code == 200


async def test_unknown_tokens_are_no_error_and_another_client_s_are(bank):
    body = await bank.partner.tokens()
    for token in ("unknown", "a.b.c"):
        assert (await bank.partner.post("/oauth/revoke", {"token": token})).status_code == 200
    for token in (body["access_token"], body["refresh_token"]):
        answer = await bank.other.post("/oauth/revoke", {"token": token})
        assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")
    assert (await bank.partner.userinfo(body["access_token"])).status_code == 200
    assert (await bank.partner.post("/oauth/revoke", {})).json()["error"] == "invalid_request"


async def test_revoking_twice_tells_once_and_blocks_again(bank):
    await bank.partner.tokens()
    (grant,) = await bank.ports.records.list_grants()
    await revoke_grant(grant.grant_id, "asked by the bank", bank.ports, bank.clock.now)
    await bank.ports.fast.unblock([grant_block(grant.grant_id)])
    await revoke_grant(grant.grant_id, "again", bank.ports, bank.clock.now)
    assert await blocked(bank, grant_block(grant.grant_id))
    assert [event.why for event in bank.events.of("GrantRevoked")] == ["asked by the bank"]


def test_a_block_outlives_every_access_token():
    longest = max(
        meta.le for meta in Lifetimes.__annotations__["access_token_seconds"].__metadata__ if getattr(meta, "le", None)
    )
    assert longest < BLOCK_SECONDS
