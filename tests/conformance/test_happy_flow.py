"""fapi2-security-profile-final-happy-flow and its neighbours: what must work."""

from urllib.parse import parse_qs, urlsplit

CALLBACK = "https://partner.example/callback"
DUMMY = f"{CALLBACK}?dummy1=lorem&dummy2=ipsum"


def answer_of(location: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


async def test_happy_flow(bank):
    partner = bank.partner
    pushed = await partner.push()
    assert pushed.status_code == 201
    assert pushed.headers["cache-control"] == "no-store"
    assert 0 < pushed.json()["expires_in"] < 600
    location = await bank.browser().authorize(partner.client_id, pushed.json()["request_uri"])
    answer = answer_of(location)
    assert location.startswith(CALLBACK + "?")
    assert (answer["state"], answer["iss"]) == ("the-state", "https://bank.example")
    token = await partner.token(partner.redemption(answer["code"]))
    assert token.status_code == 200, token.text
    assert token.headers["cache-control"] == "no-store"
    body = token.json()
    assert body["token_type"] == "DPoP"
    assert body["expires_in"] == 300
    access = bank.claims(body["access_token"])
    assert access["sub"] == "user_mia"
    assert access["client_id"] == partner.client_id
    assert access["aud"] == "urn:bank:apis"
    assert access["cnf"] == {"jkt": partner.dpop.thumbprint()}
    assert access["exp"] - access["iat"] == 300
    assert access["scope"] == "openid accounts"
    assert access["auth_time"] == bank.clock.now
    identity = bank.claims(body["id_token"])
    assert identity["nonce"] == "the-nonce"
    assert identity["aud"] == partner.client_id
    assert "s_hash" not in identity
    user = await partner.userinfo(body["access_token"])
    assert user.status_code == 200, user.text
    assert user.json() == {"sub": identity["sub"]}


async def test_happy_flow_of_the_second_client(bank):
    """Query in the redirect_uri, long state, parameters in another order, dpop_jkt without a proof."""
    partner = bank.other
    state = "s" * 128
    asked = partner.request(redirect_uri=DUMMY, state=state, dpop_jkt=partner.dpop.thumbprint())
    pushed = await partner.post("/oauth/par", dict(reversed(asked.items())))
    location = await bank.browser().authorize(partner.client_id, pushed.json()["request_uri"])
    assert location.startswith(DUMMY + "&")
    answer = answer_of(location)
    assert answer["state"] == state
    assert answer["dummy1"] == "lorem"
    token = await partner.token(partner.redemption(answer["code"], redirect_uri=DUMMY))
    assert token.status_code == 200, token.text


async def test_user_rejects_authentication(bank):
    for partner, uri in ((bank.partner, CALLBACK), (bank.other, DUMMY)):
        request_uri = await partner.pushed_uri(redirect_uri=uri)
        location = await bank.browser().authorize(partner.client_id, request_uri, "deny")
        answer = answer_of(location)
        assert location.startswith(uri)
        assert answer["error"] == "access_denied"
        assert answer["state"] == "the-state"
        assert answer["iss"] == "https://bank.example"
        assert "code" not in answer


async def test_ensure_authorization_request_without_state_success(bank):
    request_uri = await bank.partner.pushed_uri(state=None)
    answer = answer_of(await bank.browser().authorize(bank.partner.client_id, request_uri))
    assert set(answer) == {"code", "iss"}


async def test_ensure_authorization_request_without_nonce_success(bank):
    body = await bank.partner.tokens(nonce=None)
    assert "nonce" not in bank.claims(body["id_token"])


async def test_long_nonce_and_state_come_back_whole(bank):
    nonce, state = "n" * 384, "ß&=%+ " * 166
    request_uri = await bank.partner.pushed_uri(nonce=nonce, state=state)
    answer = answer_of(await bank.browser().authorize(bank.partner.client_id, request_uri))
    assert answer["state"] == state
    token = await bank.partner.token(bank.partner.redemption(answer["code"]))
    assert bank.claims(token.json()["id_token"])["nonce"] == nonce


async def test_ensure_other_scope_order_succeeds(bank):
    body = await bank.partner.tokens(scope="accounts openid accounts")
    assert body["scope"] == "accounts openid"
    assert "id_token" in body


async def test_plain_oauth_gives_no_id_token(bank):
    body = await bank.partner.tokens(scope="accounts")
    assert "id_token" not in body
    assert (await bank.partner.userinfo(body["access_token"])).status_code == 403


async def test_access_token_type_header_case_sensitivity(bank):
    body = await bank.partner.tokens()
    assert (await bank.partner.userinfo(body["access_token"], scheme="dPOp")).status_code == 200


async def test_refresh_token(bank):
    """A new DPoP key each time; the same refresh token goes on working; nobody else's client can use it."""
    partner = bank.partner
    body = await partner.tokens()
    from jwcrypto.jwk import JWK  # noqa: PLC0415 - only here

    for _ in range(3):
        key = JWK.generate(kty="EC", crv="P-256")
        form = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]}
        answer = await partner.token(form, partner.proof("/oauth/token", key=key))
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        assert bank.claims(answer.json()["access_token"])["cnf"] == {"jkt": key.thumbprint()}
        bank.clock.forward(31)
    stolen = await bank.other.token(form)
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    no_proof = await partner.token(form, proof=None)
    assert (no_proof.status_code, no_proof.json()["error"]) == (400, "invalid_dpop_proof")
    nobody = await bank.http.post("/oauth/token", data=form, headers={"dpop": partner.proof("/oauth/token")})
    assert (nobody.status_code, nobody.json()["error"]) == (401, "invalid_client")


async def test_client_credentials_grant(bank):
    form = {"grant_type": "client_credentials", "scope": "accounts"}
    answer = await bank.partner.token(form)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert "refresh_token" not in body
    claims = bank.claims(body["access_token"])
    assert claims["sub"] == claims["client_id"] == bank.partner.client_id
    assert "auth_time" not in claims


async def test_discovery_end_point_verification(bank):
    documents = [
        (await bank.http.get(f"/.well-known/{name}")).json()
        for name in ("openid-configuration", "oauth-authorization-server")
    ]
    assert documents[0] == documents[1]
    found = documents[0]
    assert found["issuer"] == "https://bank.example"
    assert found["response_types_supported"] == ["code"]
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["require_pushed_authorization_requests"] is True
    assert found["authorization_response_iss_parameter_supported"] is True
    assert found["tls_client_certificate_bound_access_tokens"] is True
    assert set(found["token_endpoint_auth_signing_alg_values_supported"]) <= {"ES256", "PS256", "EdDSA"}
    assert set(found["dpop_signing_alg_values_supported"]) <= {"ES256", "PS256", "EdDSA"}
    aliases = found["mtls_endpoint_aliases"]
    assert all(name.endswith("_endpoint") for name in aliases)
    assert "authorization_endpoint" not in aliases
    assert aliases["token_endpoint"] == "https://mtls.bank.example/oauth/token"
    keys = (await bank.http.get("/oauth/jwks")).json()["keys"]
    assert all("d" not in key and "p" not in key for key in keys)
    assert len({key["kid"] for key in keys}) == len(keys)
