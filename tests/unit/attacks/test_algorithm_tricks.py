from ringfence.attacks import algorithm_tricks
from ringfence.attacks.forge import opened


def test_forged_tokens_keep_kid_and_claims_and_change_the_algorithm(recorded, proofs):
    target, seen = recorded(algorithm_tricks.ATTACK)
    headers = [opened(r.headers["authorization"].removeprefix("DPoP "))[0]["alg"] for r in seen]
    assert headers == ["none", "HS256", "ES256", "ES256"]
    assert [header["alg"] for header, _ in proofs(seen)] == ["ES256", "ES256", "none", "HS256"]
    assert all(opened(r.headers["authorization"][5:])[0]["kid"] == "k1" for r in seen)
    assert target.issuer_keys["keys"]
