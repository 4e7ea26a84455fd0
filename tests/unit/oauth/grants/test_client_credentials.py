from ringfence.oauth.tokens import standing_grant
from ringfence.store.blocks import grant_block


async def test_all_of_a_client_s_own_tokens_share_one_standing_grant(bank):
    form = {"grant_type": "client_credentials", "scope": "accounts"}
    tokens = [(await bank.partner.token(form)).json()["access_token"] for _ in range(2)]
    assert {bank.claims(token)["grant_id"] for token in tokens} == {standing_grant("client_one")}
    assert not await bank.ports.records.list_grants()
    await bank.ports.fast.block([grant_block(standing_grant("client_one"))], bank.clock.now + 60, bank.clock.now)
    found = await bank.partner.post("/oauth/introspect", {"token": tokens[0]})
    assert found.json() == {"active": False}


async def test_a_shorter_life_registered_for_the_client(bank):
    partner = type(bank.partner)(bank, "client_short")
    await bank.register(partner, access_token_seconds=30)
    body = (await partner.token({"grant_type": "client_credentials", "scope": "accounts"})).json()
    claims = bank.claims(body["access_token"])
    assert body["expires_in"] == claims["exp"] - claims["iat"] == 30
