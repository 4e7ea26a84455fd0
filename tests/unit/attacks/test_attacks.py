"""What single attacks send: each must be wrong in its one point and right in all others."""

import json

import httpx

from ringfence.attacks import (
    algorithm_tricks,
    amount_as_number,
    burst,
    duplicate_key,
    expired_token,
    missing_scope,
    other_partner,
    replayed_proof,
    stolen_token,
    unknown_field,
    wrong_method,
)
from ringfence.attacks.forge import opened


def recorded(attack, target_of):
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={})

    target = target_of(answer)
    attack.run(target)
    return target, seen


def proofs(seen):
    return [opened(request.headers["dpop"]) for request in seen if "dpop" in request.headers]


def test_the_thief_presents_the_victims_token_and_never_has_its_key(target_of):
    target, seen = recorded(stolen_token.ATTACK, target_of)
    assert all(target.victim.access_token in request.headers["authorization"] for request in seen)
    own, claimed = proofs(seen)
    assert own[0]["jwk"] != target.victim.key.public_jwk
    assert claimed[0]["jwk"] == target.victim.key.public_jwk
    assert "jwk" not in claimed[1]


def test_a_replay_is_the_same_bytes(target_of):
    _, seen = recorded(replayed_proof.ATTACK, target_of)
    assert len(seen) == 5
    assert len({(r.headers["dpop"], r.headers["authorization"], str(r.url)) for r in seen}) == 1


def test_only_the_method_or_the_url_of_the_proof_is_wrong(target_of):
    target, seen = recorded(wrong_method.ATTACK, target_of)
    assert [(r.method, str(r.url)) for r in seen] == [("POST", target.payments_url)] * 2
    claims = [(p[1]["htm"], p[1]["htu"]) for p in proofs(seen)]
    assert claims == [("GET", target.payments_url), ("POST", target.accounts_url)]


def test_the_other_partner_uses_its_own_key_with_the_victims_token(target_of):
    target, seen = recorded(other_partner.ATTACK, target_of)
    assert all(r.headers["authorization"] == f"DPoP {target.victim.access_token}" for r in seen)
    assert all(header["jwk"] == target.reader.key.public_jwk for header, _ in proofs(seen))
    assert len({claims["ath"] for _, claims in proofs(seen)}) == 2


def test_forged_tokens_keep_kid_and_claims_and_change_the_algorithm(target_of):
    target, seen = recorded(algorithm_tricks.ATTACK, target_of)
    headers = [opened(r.headers["authorization"].removeprefix("DPoP "))[0]["alg"] for r in seen]
    assert headers == ["none", "HS256", "ES256", "ES256"]
    assert [header["alg"] for header, _ in proofs(seen)] == ["ES256", "ES256", "none", "HS256"]
    assert all(opened(r.headers["authorization"][5:])[0]["kid"] == "k1" for r in seen)
    assert target.issuer_keys["keys"]


def test_expired_and_scope_attacks_are_right_in_all_else(target_of):
    target, seen = recorded(expired_token.ATTACK, target_of)
    assert seen[0].headers["authorization"] == f"DPoP {target.expired.access_token}"
    target, seen = recorded(missing_scope.ATTACK, target_of)
    assert seen[0].headers["authorization"] == f"DPoP {target.reader.access_token}"
    assert json.loads(seen[0].content) == target.payment


def test_bodies_are_wrong_in_one_point(target_of):
    target, seen = recorded(unknown_field.ATTACK, target_of)
    sent = json.loads(seen[0].content)
    assert sent["Data"]["Initiation"].pop("Approved") is True
    assert sent == target.payment
    target, seen = recorded(amount_as_number.ATTACK, target_of)
    assert b'"Amount": 0.1' in seen[0].content
    _, seen = recorded(duplicate_key.ATTACK, target_of)
    for request in seen:
        pairs = json.loads(request.content, object_pairs_hook=list)
        amounts = [v for k, v in dict(dict(dict(pairs)["Data"])["Initiation"])["InstructedAmount"] if k == "Amount"]
        assert amounts == ["9999.99", "12.50"]


def limited(after: int, **headers: str):
    count = 0

    def answer(_: httpx.Request) -> httpx.Response:
        nonlocal count
        count += 1
        if count <= after:
            return httpx.Response(200, json={})
        body = {"type": "urn:ringfence:problem:rate-limited", "title": "Too many calls"}
        return httpx.Response(429, json=body, headers={"content-type": "application/problem+json", **headers})

    return answer


def test_a_burst_counts_what_was_answered_and_shows_the_first_refusal(target_of):
    outcome = burst.run(target_of(limited(70, **{"retry-after": "1"})))
    assert outcome.honest_calls == 70
    assert [one.refused_rightly for one in outcome.tries] == [True]


def test_a_burst_without_word_when_to_come_back_fails(target_of):
    outcome = burst.run(target_of(limited(10)))
    assert not all(one.refused_rightly for one in outcome.tries)


def test_a_burst_that_nothing_stops_gives_up(target_of):
    outcome = burst.run(target_of(limited(10**9)))
    assert outcome.honest_calls == burst.WAVE * burst.WAVES
    assert not outcome.tries[0].refused_rightly
