async def ask(bank, partner, token, **more):
    answer = await partner.post("/oauth/introspect", {"token": token} | more)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


async def test_a_client_sees_its_own_tokens_and_a_resource_server_every_access_token(bank):
    resource = type(bank.partner)(bank, "client_resource")
    await bank.register(resource, grant_types=(), scopes=())
    body = await bank.partner.tokens()
    for caller in (bank.partner, resource):
        found = await ask(bank, caller, body["access_token"])
        assert found["active"] is True
        assert (found["sub"], found["client_id"]) == ("user_mia", "client_one")
        assert found["cnf"] == {"jkt": bank.partner.dpop.thumbprint()}
        assert found["scope"] == "accounts openid"
    assert (await ask(bank, bank.partner, body["refresh_token"], token_type_hint="access_token"))["active"] is True
    assert await ask(bank, resource, body["refresh_token"]) == {"active": False}
    for token in (body["access_token"], body["refresh_token"]):
        assert await ask(bank, bank.other, token) == {"active": False}


async def test_worthless_tokens_say_nothing(bank):
    body = await bank.partner.tokens()
    head, claims, signature = body["access_token"].split(".")
    for token in ("x", "a.b.c", f"{head}.{claims}.{'A' * len(signature)}", body["id_token"]):
        assert await ask(bank, bank.partner, token) == {"active": False}
    bank.clock.forward(300)
    assert await ask(bank, bank.partner, body["access_token"]) == {"active": False}
    assert (await bank.partner.post("/oauth/introspect", {})).json()["error"] == "invalid_request"


async def test_a_client_s_own_token(bank):
    body = (await bank.partner.token({"grant_type": "client_credentials", "scope": "accounts"})).json()
    found = await ask(bank, bank.partner, body["access_token"])
    assert found["sub"] == found["client_id"]
    assert "auth_time" not in found
