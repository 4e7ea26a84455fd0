from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwcrypto.jwk import JWK

from ringfence.problem import Reason, Refused
from ringfence.proofs.jwk import (
    ED25519_FIELD,
    SMALL_ORDER_Y,
    from_public_key,
    parse_jwks,
    parse_public_jwk,
    public_jwk,
    thumbprint,
)
from ringfence.proofs.segments import decode_segment, encode_segment


def test_thumbprints_of_the_specifications(vectors):
    for name in ("rfc7638_3_1", "rfc8037_a4"):
        assert thumbprint(vectors[name]["jwk"]) == vectors[name]["thumbprint"], name


def test_thumbprints_agree_with_another_library(signer):
    assert parse_public_jwk(signer.jwk).thumbprint == JWK(**signer.jwk).thumbprint()


def test_the_type_decides_the_algorithm(signer):
    key = parse_public_jwk({**signer.jwk, "kid": "one", "use": "sig", "key_ops": ["verify"], "x-unknown": 1})
    assert (key.algorithm, key.kid) == (signer.alg, "one")


def test_what_is_published_is_read_again_and_is_public(signer):
    published = public_jwk(signer.public)
    assert set(published) == set(signer.jwk) | {"kid", "alg", "use"}
    assert parse_public_jwk(published).thumbprint == signer.public.thumbprint


def test_our_own_key_without_a_kid_gets_its_thumbprint(es256):
    key = from_public_key(es256.private.public_key())
    assert key.kid == key.thumbprint == es256.public.thumbprint


def test_our_own_key_must_be_one_that_we_use(refusal):
    p384 = ec.generate_private_key(ec.SECP384R1()).public_key()
    assert refusal(from_public_key, p384) is Reason.ADMIN_REQUEST


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
def test_a_private_member_is_refused_even_if_empty(es256, refusal, member):
    assert refusal(parse_public_jwk, {**es256.jwk, member: ""}, reason=Reason.PROOF_MALFORMED) is Reason.PROOF_MALFORMED


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        {"kty": "oct"},
        {"kty": "EC", "crv": "P-384"},
        {"kty": "EC", "crv": ["P-256"]},
        {"kty": ["EC"]},
        {"kty": "OKP", "crv": "X25519", "x": "A" * 43},
        {"kty": "OKP", "crv": "Ed25519"},
        {"kty": "OKP", "crv": "Ed25519", "x": 1},
        {"kty": "OKP", "crv": "Ed25519", "x": "A" * 42},
        {"kty": "RSA", "e": "AQAB"},
        {"kty": "RSA", "n": None, "e": "AQAB"},
        {"kty": "RSA", "n": "", "e": "AQAB"},
    ],
)
def test_what_is_no_key_is_refused(refusal, jwk):
    assert refusal(parse_public_jwk, jwk) is Reason.ADMIN_REQUEST


@pytest.mark.parametrize(
    "members",
    [
        {"use": "enc"},
        {"use": 1},
        {"key_ops": ["sign"]},
        {"key_ops": "verify"},
        {"alg": "RS256"},
        {"alg": "none"},
        {"alg": ["ES256"]},
        {"kid": 1},
        {"kid": "k" * 257},
        {"kid": None},
    ],
)
def test_a_key_for_something_else_is_refused(signer, refusal, members):
    assert refusal(parse_public_jwk, {**signer.jwk, **members}) is Reason.ADMIN_REQUEST


def test_both_names_of_ed25519_are_one_algorithm(signers):
    for alg in ("EdDSA", "Ed25519"):
        assert parse_public_jwk({**signers["EdDSA"].jwk, "alg": alg}).algorithm == "EdDSA"


def test_an_algorithm_that_is_not_taken_here_is_refused(es256, refusal):
    assert refusal(parse_public_jwk, es256.jwk, algorithms=("PS256",)) is Reason.ADMIN_REQUEST
    assert refusal(parse_public_jwk, es256.jwk, algorithms=()) is Reason.ADMIN_REQUEST


def test_a_point_off_the_curve_is_refused(es256, refusal):
    x = bytearray(decode_segment(es256.jwk["x"], Reason.INTERNAL))
    x[31] ^= 1
    assert refusal(parse_public_jwk, {**es256.jwk, "x": encode_segment(bytes(x))}) is Reason.ADMIN_REQUEST
    zero = encode_segment(bytes(32))
    assert refusal(parse_public_jwk, {**es256.jwk, "x": zero, "y": zero}) is Reason.ADMIN_REQUEST


def test_one_key_has_one_text_so_that_it_has_one_thumbprint(signers, refusal):
    jwk = signers["ES256"].jwk
    padded = encode_segment(b"\0" + decode_segment(jwk["x"], Reason.INTERNAL))
    assert refusal(parse_public_jwk, {**jwk, "x": padded}) is Reason.ADMIN_REQUEST
    jwk = signers["PS256"].jwk
    padded = encode_segment(b"\0" + decode_segment(jwk["n"], Reason.INTERNAL))
    assert refusal(parse_public_jwk, {**jwk, "n": padded}) is Reason.ADMIN_REQUEST
    assert refusal(parse_public_jwk, {**jwk, "e": "AAEAAQ"}) is Reason.ADMIN_REQUEST


def number(value: int) -> str:
    return encode_segment(value.to_bytes((value.bit_length() + 7) // 8, "big"))


@pytest.mark.parametrize(
    ("n", "e"),
    [
        (2**2047 - 1, 65537),  # 2047 bits
        (2**8193 - 1, 65537),
        (2**2047, 65537),  # even
        (2**2048 - 1, 1),
        (2**2048 - 1, 65536),
        (2**2048 - 1, 2**33 + 1),
    ],
)
def test_weak_and_expensive_rsa_keys_are_refused(refusal, n, e):
    assert refusal(parse_public_jwk, {"kty": "RSA", "n": number(n), "e": number(e)}) is Reason.ADMIN_REQUEST


def test_a_1024_bit_key_of_a_real_generator_is_refused(refusal):
    numbers = rsa.generate_private_key(65537, 1024).public_key().public_numbers()
    assert refusal(parse_public_jwk, {"kty": "RSA", "n": number(numbers.n), "e": "AQAB"}) is Reason.ADMIN_REQUEST


def on_curve(y: int) -> tuple[int, int] | None:
    """A point of edwards25519 with that y.  RFC 8032 §5.1.3."""
    p, d = ED25519_FIELD, -121665 * pow(121666, -1, ED25519_FIELD)
    square = (y * y - 1) * pow(d * y * y + 1, -1, p) % p
    x = pow(square, (p + 3) // 8, p)
    if (x * x - square) % p:
        x = x * pow(2, (p - 1) // 4, p) % p
    return (x, y) if (x * x - square) % p == 0 else None


def doubled(point: tuple[int, int]) -> tuple[int, int]:
    p, d = ED25519_FIELD, -121665 * pow(121666, -1, ED25519_FIELD)
    x, y = point
    product = d * x * x * y * y
    return (2 * x * y * pow(1 + product, -1, p) % p, (y * y + x * x) * pow(1 - product, -1, p) % p)


def test_the_small_order_points_are_those_of_order_up_to_8():
    for y in SMALL_ORDER_Y:
        point = on_curve(y)
        assert point is not None
        assert doubled(doubled(doubled(point))) == (0, 1)


@pytest.mark.parametrize("y", [*sorted(SMALL_ORDER_Y), ED25519_FIELD, ED25519_FIELD + 1])
@pytest.mark.parametrize("sign", [0, 1 << 255])
def test_an_ed25519_key_that_verifies_forgeries_is_refused(refusal, y, sign):
    jwk: dict[str, Any] = {"kty": "OKP", "crv": "Ed25519", "x": encode_segment((y | sign).to_bytes(32, "little"))}
    assert refusal(parse_public_jwk, jwk) is Reason.ADMIN_REQUEST


def test_a_set_is_read_by_kid(signers):
    keys = parse_jwks({"keys": [{**s.jwk, "kid": s.alg} for s in signers.values()]})
    assert {kid: key.algorithm for kid, key in keys.items()} == {alg: alg for alg in signers}


@pytest.mark.parametrize(
    "document", [{}, {"keys": []}, {"keys": {}}, {"keys": None}, {"keys": [1]}, {"keys": [None]}, {"keys": ["x"]}]
)
def test_what_is_no_set_is_refused(refusal, document):
    assert refusal(parse_jwks, document) is Reason.ADMIN_REQUEST


def test_a_set_with_one_kid_twice_or_none_is_refused(signers, refusal):
    one, other = ({**signers[alg].jwk, "kid": "same"} for alg in ("ES256", "EdDSA"))
    assert refusal(parse_jwks, {"keys": [one, other]}) is Reason.ADMIN_REQUEST
    assert refusal(parse_jwks, {"keys": [signers["ES256"].jwk]}) is Reason.ADMIN_REQUEST


def test_a_refusal_does_not_show_the_private_key(es256):
    with pytest.raises(Refused) as caught:
        parse_public_jwk({**es256.jwk, "d": "s3cret"})
    assert "s3cret" not in repr(caught.value) + caught.value.detail + caught.value.private
