import base64
import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from ringfence.clock import Instant
from ringfence.problem import Reason
from ringfence.proofs import dpop
from ringfence.proofs.dpop import Proof, check_binding, only_proof, verify_proof

NOW = Instant(1_760_000_000.0)
URL = "https://api.bank.example/open-banking/v4.0/pisp/domestic-payments"
TOKEN = "a.b.c"


def ath(token: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()


def header(signer: Any, **members: Any) -> dict[str, Any]:
    return {"typ": "dpop+jwt", "alg": signer.alg, "jwk": signer.jwk, **members}


def claims(**members: Any) -> dict[str, Any]:
    return {"jti": "proof-1", "htm": "POST", "htu": URL, "iat": int(NOW), "ath": ath(TOKEN), **members}


def without(members: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in members.items() if key != name}


def check(raw: str, **changes: Any) -> Proof:
    arguments: dict[str, Any] = {
        "method": "POST",
        "url": URL,
        "algorithms": ("ES256", "PS256", "EdDSA"),
        "now": NOW,
        "window": 60.0,
        "skew": 30.0,
        "access_token": TOKEN,
    }
    return verify_proof(raw, **{**arguments, **changes})


def test_the_proofs_of_the_specification(vectors):
    example = vectors["rfc9449"]
    at_token = check(
        example["token_proof"], url="https://server.example.com/token", now=Instant(1562262616.0), access_token=None
    )
    assert (at_token.jkt, at_token.jti) == (example["jkt"], "-BwC3ESc6acc2lTc")
    at_resource = check(
        example["resource_proof"],
        method="GET",
        url="https://resource.example.org/protectedresource",
        now=Instant(1562262618.0),
        access_token=example["access_token"],
    )
    assert (at_resource.jkt, at_resource.issued_at) == (example["jkt"], 1562262618.0)


def test_a_proof_of_each_algorithm_verifies_and_names_its_key(signer):
    proof = check(signer.sign(header(signer), claims()))
    assert proof.jkt == signer.public.thumbprint
    assert len(proof.replay_key) <= 64
    assert proof.replay_until == NOW + 90


def test_ed25519_by_its_newer_name(signers):
    signer = signers["EdDSA"]
    assert check(signer.sign(header(signer, alg="Ed25519"), claims())).jkt == signer.public.thumbprint


def test_unknown_members_and_claims_are_let_through(es256):
    raw = es256.sign(header(es256, kid="x", x5u="https://evil.example", extra={"a": [1]}), claims(extra=[{"b": 1.5}]))
    assert check(raw)


def test_an_8192_bit_key_fits(refusal):
    # The largest header there is: joserfc alone would refuse it at 512 bytes.
    signer_type = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.rsa")
    assert signer_type is rsa
    numbers = {"kty": "RSA", "n": base64.urlsafe_b64encode(b"\xff" * 1024).rstrip(b"=").decode(), "e": "AQAB"}
    head = {"typ": "dpop+jwt", "alg": "PS256", "jwk": numbers}
    parts = [json.dumps(part).encode() for part in (head, claims())]
    encoded = [base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (*parts, bytes(1024))]
    assert refusal(check, ".".join(encoded)) is Reason.PROOF_SIGNATURE


@pytest.mark.parametrize("name", ["typ", "alg", "jwk"])
def test_a_header_without_what_it_needs_is_refused(es256, refusal, name):
    assert refusal(check, es256.sign(without(header(es256), name), claims())) is Reason.PROOF_MALFORMED


@pytest.mark.parametrize("name", ["jti", "htm", "htu", "iat"])
@pytest.mark.parametrize("value", ["absent", None, "", [], {}, True])
def test_a_claim_that_is_missing_or_of_the_wrong_type_is_refused(es256, refusal, name, value):
    members = without(claims(), name) if value == "absent" else claims(**{name: value})
    assert refusal(check, es256.sign(header(es256), members)) is Reason.PROOF_MALFORMED


@pytest.mark.parametrize("typ", ["JWT", "at+jwt", "dpop+jwt ", "", None, 1, "client-authentication+jwt"])
def test_another_kind_of_jwt_is_no_proof(es256, refusal, typ):
    assert refusal(check, es256.sign(header(es256, typ=typ), claims())) is Reason.PROOF_MALFORMED


@pytest.mark.parametrize("alg", ["none", "HS256", "RS256", "ES384", "PS256", "EdDSA"])
def test_an_algorithm_that_is_not_the_keys_is_refused(es256, refusal, alg):
    assert refusal(check, es256.sign(header(es256, alg=alg), claims())) is Reason.PROOF_ALGORITHM


def test_an_algorithm_that_is_not_taken_is_refused_though_the_key_is_remembered(es256, refusal):
    raw = es256.sign(header(es256), claims())
    assert check(raw)
    assert refusal(check, raw, algorithms=("PS256",)) is Reason.PROOF_ALGORITHM
    assert refusal(check, raw, algorithms=()) is Reason.PROOF_ALGORITHM


def test_a_private_or_symmetric_key_in_the_header_is_refused(es256, refusal, hmac_signer):
    assert refusal(check, es256.sign(header(es256, jwk={**es256.jwk, "d": "AA"}), claims())) is Reason.PROOF_MALFORMED
    secret = {"kty": "oct", "k": "c2VjcmV0"}
    raw = hmac_signer(b"secret").sign({"typ": "dpop+jwt", "alg": "HS256", "jwk": secret}, claims())
    assert refusal(check, raw) is Reason.PROOF_MALFORMED


@pytest.mark.parametrize("jwk", [None, "x", [], 1, {}])
def test_no_key_in_the_header_is_refused(es256, refusal, jwk):
    assert refusal(check, es256.sign(header(es256, jwk=jwk), claims())) is Reason.PROOF_MALFORMED


def test_a_proof_signed_by_another_key_than_it_shows_is_refused(es256, vectors, refusal):
    raw = es256.sign(header(es256, jwk=vectors["rfc7515_a3"]["jwk"]), claims())
    assert refusal(check, raw) is Reason.PROOF_SIGNATURE


@pytest.mark.parametrize("htm", ["PUT", "GET", "post", "POST ", "POST,GET"])
def test_another_method_is_refused(es256, refusal, htm):
    assert refusal(check, es256.sign(header(es256), claims(htm=htm))) is Reason.PROOF_METHOD


@pytest.mark.parametrize("suffix", ["", "?", "?a=b", "?a=b#c", "#c", "#c?d"])
def test_query_and_fragment_do_not_count(es256, suffix):
    assert check(es256.sign(header(es256), claims(htu=URL + suffix)))


def test_another_url_is_refused(es256, refusal):
    assert refusal(check, es256.sign(header(es256), claims(htu=URL + "/1"))) is Reason.PROOF_URL


@pytest.mark.parametrize("age", [-30, -8, 0, 0.5, 10, 60])
def test_a_proof_within_the_window_is_taken(es256, age):
    assert check(es256.sign(header(es256), claims(iat=NOW - age)))


@pytest.mark.parametrize("age", [-3600, -61, -30.5, 60.5, 61, 3600])
def test_a_stale_or_future_proof_is_refused(es256, refusal, age):
    assert refusal(check, es256.sign(header(es256), claims(iat=NOW - age))) is Reason.PROOF_STALE


@pytest.mark.parametrize("iat", [10**30, 10**4000, -1, 1.76e12, "1760000000", b"NaN", b"1e400", b"1e-400", b"-0.5"])
def test_a_time_that_is_none_is_refused(es256, refusal, iat):
    members: Any = claims(iat=iat)
    if isinstance(iat, bytes):
        members = json.dumps(claims(iat="HERE")).encode().replace(b'"HERE"', iat)
    assert refusal(check, es256.sign(header(es256), members)) in {Reason.PROOF_MALFORMED, Reason.PROOF_STALE}


def test_nbf_and_exp_may_be_there_and_then_count(es256, refusal):
    assert check(es256.sign(header(es256), claims(nbf=NOW + 8, exp=NOW + 60)))
    assert refusal(check, es256.sign(header(es256), claims(exp=NOW - 31))) is Reason.PROOF_STALE
    assert refusal(check, es256.sign(header(es256), claims(nbf=NOW + 31))) is Reason.PROOF_STALE
    assert refusal(check, es256.sign(header(es256), claims(exp="soon"))) is Reason.PROOF_MALFORMED


@pytest.mark.parametrize("value", [ath("other"), "", None, TOKEN, hashlib.sha256(TOKEN.encode()).hexdigest()])
def test_a_proof_for_another_token_is_refused(es256, refusal, value):
    assert refusal(check, es256.sign(header(es256), claims(ath=value))) is Reason.PROOF_TOKEN_HASH


def test_a_proof_without_token_hash_serves_only_without_token(es256, refusal):
    raw = es256.sign(header(es256), without(claims(), "ath"))
    assert refusal(check, raw) is Reason.PROOF_TOKEN_HASH
    assert check(raw, access_token=None)


def test_nonces(es256, refusal):
    plain, good = (es256.sign(header(es256), claims(**extra)) for extra in ({}, {"nonce": "n1"}))
    assert check(good)
    assert check(good, nonces=("n0", "n1"))
    assert refusal(check, plain, nonces=("n0", "n1")) is Reason.PROOF_NONCE
    assert refusal(check, good, nonces=("n2",)) is Reason.PROOF_NONCE
    assert refusal(check, plain, nonces=()) is Reason.PROOF_NONCE
    bad = es256.sign(header(es256), claims(nonce=["n1"]))
    assert refusal(check, bad, nonces=("n1",)) is Reason.PROOF_MALFORMED


def test_a_proof_without_nonce_is_not_taken_where_one_is_needed_even_if_a_nonce_is_empty(es256, refusal):
    assert refusal(check, es256.sign(header(es256), claims()), nonces=("",)) is Reason.PROOF_NONCE


def test_a_long_jti_is_refused(es256, refusal):
    assert check(es256.sign(header(es256), claims(jti="j" * 256)))
    assert refusal(check, es256.sign(header(es256), claims(jti="j" * 257))) is Reason.PROOF_MALFORMED


def test_what_makes_two_proofs_one(es256, signers):
    first = check(es256.sign(header(es256), claims()))
    same = check(es256.sign(header(es256, extra=1), claims(iat=NOW - 1, extra=2)))
    other_id = check(es256.sign(header(es256), claims(jti="proof-2")))
    other_key = check(signers["EdDSA"].sign(header(signers["EdDSA"]), claims()))
    assert first.replay_key == same.replay_key
    assert len({first.replay_key, other_id.replay_key, other_key.replay_key}) == 3


P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def test_the_other_signature_of_the_same_proof_does_not_get_past_the_replay_check(es256):
    # For ECDSA (r, n - s) verifies too; nobody needs the key to compute it.
    raw = es256.sign(header(es256), claims())
    head, _, encoded = raw.rpartition(".")
    signature = base64.urlsafe_b64decode(encoded + "==")
    s = P256_ORDER - int.from_bytes(signature[32:], "big")
    twin = base64.urlsafe_b64encode(signature[:32] + s.to_bytes(32, "big")).rstrip(b"=").decode()
    assert twin != encoded
    assert check(f"{head}.{twin}").replay_key == check(raw).replay_key


def test_a_claim_twice_is_refused(es256, refusal):
    members = json.dumps(claims()).encode()[:-1] + b', "\\u0068tm": "GET"}'
    assert refusal(check, es256.sign(header(es256), members)) is Reason.PROOF_MALFORMED


def test_one_header_line_only(refusal):
    assert only_proof(["x"]) == "x"
    assert refusal(only_proof, []) is Reason.PROOF_MISSING
    assert refusal(only_proof, ["x", "x"]) is Reason.PROOF_MALFORMED


def test_two_proofs_in_one_line_are_refused(es256, refusal):
    raw = es256.sign(header(es256), claims())
    assert refusal(check, f"{raw}, {raw}") is Reason.PROOF_MALFORMED
    assert refusal(check, f"{raw},{raw}") is Reason.PROOF_MALFORMED


def test_a_token_is_bound_to_the_key_of_the_proof(es256, token_of, token_claims, refusal):
    proof = check(es256.sign(header(es256), claims()))
    token_claims["cnf"] = {"jkt": proof.jkt}
    check_binding(proof, token_of(token_claims))
    token_claims["cnf"] = {"jkt": "A" * 43}
    assert refusal(check_binding, proof, token_of(token_claims)) is Reason.PROOF_KEY
    token_claims["cnf"] = {"x5t#S256": proof.jkt}
    assert refusal(check_binding, proof, token_of(token_claims)) is Reason.PROOF_KEY


def test_a_remembered_key_is_the_key_of_the_header(signers):
    dpop._remembered_key.cache_clear()
    for _ in range(2):
        for signer in signers.values():
            assert check(signer.sign(header(signer), claims())).jkt == signer.public.thumbprint
    assert dpop._remembered_key.cache_info().hits == 3


def test_long_headers_are_not_remembered(es256):
    dpop._remembered_key.cache_clear()
    assert check(es256.sign(header(es256, extra="x" * 3000), claims()))
    assert dpop._remembered_key.cache_info().currsize == 0
