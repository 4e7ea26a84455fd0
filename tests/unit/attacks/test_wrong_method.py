from ringfence.attacks import wrong_method


def test_only_the_method_or_the_url_of_the_proof_is_wrong(recorded, proofs):
    target, seen = recorded(wrong_method.ATTACK)
    assert [(r.method, str(r.url)) for r in seen] == [("POST", target.payments_url)] * 2
    claims = [(p[1]["htm"], p[1]["htu"]) for p in proofs(seen)]
    assert claims == [("GET", target.payments_url), ("POST", target.accounts_url)]
