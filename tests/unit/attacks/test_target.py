import httpx

from ringfence.attacks.forge import Key, opened
from ringfence.proofs.dpop import verify_proof


def target(target_of):
    return target_of(lambda _: httpx.Response(200))


def test_an_unchanged_proof_is_right(target_of):
    one = target(target_of)
    key = Key.fresh()
    proof = verify_proof(
        one.proof(key, "GET", one.accounts_url, "token"),
        method="GET",
        url=one.accounts_url,
        algorithms=("ES256",),
        now=one.clock(),
        window=60,
        skew=30,
        access_token="token",
    )
    assert proof.issued_at == int(one.clock())


def test_changes_land_in_header_or_claims_where_they_belong(target_of):
    one = target(target_of)
    header, claims = opened(one.proof(Key.fresh(), "GET", "u", "t", alg="none", htm="PUT", extra=1))
    assert (header["alg"], claims["htm"], claims["extra"]) == ("none", "PUT", 1)
    assert "alg" not in claims
    assert "htm" not in header


def test_proofs_differ(target_of):
    one = target(target_of)
    key = Key.fresh()
    assert one.proof(key, "GET", "u", "t") != one.proof(key, "GET", "u", "t")
