import pytest


async def test_names_only_with_their_scope(bank):
    plain = await bank.partner.tokens(scope="openid")
    assert (await bank.partner.userinfo(plain["access_token"])).json() == {"sub": "user_mia"}
    named = await bank.partner.tokens(scope="openid profile")
    assert (await bank.partner.userinfo(named["access_token"])).json() == {
        "sub": "user_mia",
        "name": "Mia Berg",
        "preferred_username": "mia",
    }


async def test_what_is_refused(bank):
    partner = bank.partner
    token = (await partner.tokens())["access_token"]
    path = "/oauth/userinfo"
    good = partner.proof(path, "GET", token=token)
    cases = [
        ({}, 401),
        ({"authorization": f"DPoP {token}"}, 401),
        ({"authorization": f"Bearer {token}"}, 401),
        ({"authorization": f"Bearer {token}", "dpop": good}, 401),
        ({"authorization": "Basic eDp5"}, 401),
        ({"authorization": f"DPoP {token[:-4]}AAAA", "dpop": good}, 401),
        ({"authorization": f"DPoP {token}", "dpop": partner.proof(path, "GET")}, 401),
        ({"authorization": f"DPoP {token}", "dpop": partner.proof(path, "GET", token="other")}, 401),
        ({"authorization": f"DPoP {token}", "dpop": partner.proof(path, "POST", token=token)}, 401),
        ({"authorization": f"DPoP {token}", "dpop": partner.proof(path, "GET", bank.other.dpop, token)}, 401),
        ({"authorization": f"DPoP {token}", "dpop": good}, 200),
        ({"authorization": f"DPoP {token}", "dpop": good}, 401),
    ]
    for headers, status in cases:
        answer = await bank.http.get(path, headers=headers)
        assert answer.status_code == status, (headers, answer.text)
        assert ("www-authenticate" in answer.headers) == (status == 401)


@pytest.mark.parametrize("query", ["access_token=x", "%61ccess_token=x"])
async def test_a_token_in_the_url_is_refused(bank, query):
    token = (await bank.partner.tokens())["access_token"]
    headers = {"authorization": f"DPoP {token}", "dpop": bank.partner.proof("/oauth/userinfo", "GET", token=token)}
    answer = await bank.http.get(f"/oauth/userinfo?{query}", headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_client_s_own_token_is_nobody_s(bank):
    body = (await bank.partner.token({"grant_type": "client_credentials", "scope": "accounts"})).json()
    assert (await bank.partner.userinfo(body["access_token"])).status_code == 403


async def test_post_works_too(bank):
    token = (await bank.partner.tokens())["access_token"]
    headers = {"authorization": f"DPoP {token}", "dpop": bank.partner.proof("/oauth/userinfo", token=token)}
    assert (await bank.http.post("/oauth/userinfo", headers=headers)).status_code == 200
