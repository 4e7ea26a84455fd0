from ringfence.attacks import replayed_proof


def test_a_replay_is_the_same_bytes(recorded):
    _, seen = recorded(replayed_proof.ATTACK)
    assert len(seen) == 5
    assert len({(r.headers["dpop"], r.headers["authorization"], str(r.url)) for r in seen}) == 1
