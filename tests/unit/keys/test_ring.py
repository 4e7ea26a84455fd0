import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwcrypto.jwk import JWK

from ringfence.keys.ports import KeyUnusable
from ringfence.keys.ring import algorithm_of, compact, public_jwk, published, signing_input


@pytest.mark.parametrize("_", range(5))
def test_kid_is_the_thumbprint_that_another_library_computes(_):
    jwk = public_jwk(ec.generate_private_key(ec.SECP256R1()).public_key())
    assert jwk["kid"] == JWK(**jwk).thumbprint()


def test_rsa_is_published_for_ps256():
    jwk = public_jwk(rsa.generate_private_key(65537, 2048).public_key())
    assert (jwk["alg"], jwk["use"], jwk["e"]) == ("PS256", "sig", "AQAB")
    assert jwk["kid"] == JWK(**jwk).thumbprint()
    assert set(jwk) == {"kty", "n", "e", "kid", "use", "alg"}


def test_a_coordinate_keeps_its_leading_zero():
    # the private value 174 gives an x that starts with a zero octet on P-256
    for value in range(1, 2000):
        key = ec.derive_private_key(value, ec.SECP256R1()).public_key()
        if key.public_numbers().x >> 248 == 0:
            assert len(public_jwk(key)["x"]) == 43
            return
    pytest.fail("no such key among two thousand")


def test_keys_that_are_not_taken():
    with pytest.raises(KeyUnusable):
        algorithm_of(ec.generate_private_key(ec.SECP384R1()).public_key())
    with pytest.raises(KeyUnusable):
        algorithm_of(rsa.generate_private_key(65537, 1024).public_key())


def test_each_key_is_published_once():
    one, two = (ec.generate_private_key(ec.SECP256R1()).public_key() for _ in range(2))
    keys = published([one, two, one])["keys"]
    assert [key["kid"] for key in keys] == [public_jwk(one)["kid"], public_jwk(two)["kid"]]


def test_what_is_signed():
    signed = signing_input({"a": "ä"}, typ="at+jwt", algorithm="ES256", kid="k")
    head, claims = (json.loads(base64.urlsafe_b64decode(part + b"==")) for part in signed.split(b"."))
    assert head == {"alg": "ES256", "typ": "at+jwt", "kid": "k"}
    assert claims == {"a": "ä"}
    assert compact(signed, b"\xff\xfe") == signed.decode() + ".__4"
