from ringfence.attacks import stolen_token


def test_the_thief_presents_the_victims_token_and_never_has_its_key(recorded, proofs):
    target, seen = recorded(stolen_token.ATTACK)
    assert all(target.victim.access_token in request.headers["authorization"] for request in seen)
    own, claimed = proofs(seen)
    assert own[0]["jwk"] != target.victim.key.public_jwk
    assert claimed[0]["jwk"] == target.victim.key.public_jwk
    assert "jwk" not in claimed[1]
