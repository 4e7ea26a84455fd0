import hashlib

from joserfc.jwk import ECKey

from ringfence.demo.dpop import make_proof, public_part, sha256_base64url
from ringfence.ids import system_random
from ringfence.proofs.dpop import verify_proof

KEY = ECKey.generate_key("P-256")


def test_a_proof_verifies_for_its_call(now):
    raw = make_proof(KEY, "POST", "https://x.example/a?b=c#d", now, system_random, "token")
    proof = verify_proof(
        raw,
        method="POST",
        url="https://x.example/a",
        algorithms=("ES256",),
        now=now,
        window=60,
        skew=30,
        access_token="token",
    )
    assert proof.jkt == KEY.thumbprint()


def test_two_proofs_are_never_the_same(now):
    assert make_proof(KEY, "GET", "https://x", now, system_random) != make_proof(
        KEY, "GET", "https://x", now, system_random
    )


def test_the_public_part_holds_nothing_private():
    assert set(public_part(KEY)) == {"kty", "crv", "x", "y"}


def test_the_challenge_of_the_pkce_specification():
    # RFC 7636 appendix B.
    assert (
        sha256_base64url("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    )
    assert len(sha256_base64url("")) == len(hashlib.sha256().digest()) * 4 // 3 + 1
