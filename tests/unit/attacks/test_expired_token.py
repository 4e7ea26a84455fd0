from ringfence.attacks import expired_token


def test_the_token_is_the_expired_one_and_the_proof_is_right(recorded, proofs):
    target, seen = recorded(expired_token.ATTACK)
    assert seen[0].headers["authorization"] == f"DPoP {target.expired.access_token}"
    header, claims = proofs(seen)[0]
    assert header["jwk"] == target.expired.key.public_jwk
    assert (claims["htm"], claims["htu"]) == ("GET", target.accounts_url)
