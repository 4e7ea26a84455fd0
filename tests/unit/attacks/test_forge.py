import hmac

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from ringfence.attacks.forge import Key, encoded, hmac_signed, opened, public_pem, unsigned

HEADER, CLAIMS = {"alg": "ES256", "typ": "at+jwt"}, {"sub": "x", "exp": 1}


def test_what_is_signed_verifies_with_its_own_key_only():
    key = Key.fresh()
    token = key.sign(HEADER, CLAIMS)
    assert jwt.decode(token, ECKey.import_key(key.public_jwk), algorithms=["ES256"]).claims == CLAIMS
    with pytest.raises((JoseError, InvalidSignature)):
        jwt.decode(token, ECKey.import_key(Key.fresh().public_jwk), algorithms=["ES256"])


def test_a_token_without_signature_ends_with_a_dot():
    token = unsigned({"alg": "none"}, CLAIMS)
    assert token.endswith(".")
    assert opened(token) == ({"alg": "none"}, CLAIMS)


def test_the_hmac_is_a_right_one_so_that_a_careless_verifier_would_take_it():
    secret = public_pem(Key.fresh().public_jwk)
    token = hmac_signed({"alg": "HS256"}, CLAIMS, secret)
    signed, _, signature = token.rpartition(".")
    assert encoded(hmac.digest(secret, signed.encode(), "sha256")) == signature


def test_published_keys_of_both_kinds_become_pem():
    private = rsa.generate_private_key(65537, 2048)
    jwk = RSAKey.import_key(private).as_dict(private=False)
    assert public_pem(jwk).startswith(b"-----BEGIN PUBLIC KEY-----")
    assert public_pem(Key.fresh().public_jwk).startswith(b"-----BEGIN PUBLIC KEY-----")
