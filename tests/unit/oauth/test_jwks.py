async def test_public_keys_only_and_cacheable(bank):
    answer = await bank.http.get("/oauth/jwks")
    assert answer.json() == bank.ports.signer.public_jwks()
    assert "max-age=300" in answer.headers["cache-control"]
    assert set(answer.json()["keys"][0]) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
