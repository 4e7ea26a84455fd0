from ringfence.oauth.checks.exchange_target import ACCESS_TOKEN_TYPE
from ringfence.oauth.grants.token_exchange import TOKEN_EXCHANGE

RULE = {"actor": "client_act", "tokens_of": ["client_one"], "scopes": ["accounts"]}


async def test_one_token_for_another(bank):
    policy = {"oauth": {"scopes": {"accounts": "See"}, "resource": "urn:bank:apis", "may_act": [RULE]}}
    ruled = bank.with_policy(**policy)
    actor = type(bank.partner)(ruled, "client_act")
    await ruled.register(actor, grant_types=(TOKEN_EXCHANGE.name,))
    token = (await ruled.partner.tokens())["access_token"]
    form = {"grant_type": TOKEN_EXCHANGE.name, "subject_token": token, "subject_token_type": ACCESS_TOKEN_TYPE}
    body = (await actor.token(form)).json()
    assert body["scope"] == "accounts"
    assert ruled.claims(body["access_token"])["act"] == {"sub": "client_act", "act": {"sub": "client_one"}}
