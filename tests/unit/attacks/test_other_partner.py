from ringfence.attacks import other_partner


def test_the_other_partner_uses_its_own_key_with_the_victims_token(recorded, proofs):
    target, seen = recorded(other_partner.ATTACK)
    assert all(r.headers["authorization"] == f"DPoP {target.victim.access_token}" for r in seen)
    assert all(header["jwk"] == target.reader.key.public_jwk for header, _ in proofs(seen))
    assert len({claims["ath"] for _, claims in proofs(seen)}) == 2
