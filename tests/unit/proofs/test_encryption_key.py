"""Keys that something is sealed to: which are taken, and that neither kind does the other's work."""

import json
from typing import Any

import pytest
from jwcrypto.jwk import JWK

from ringfence.problem import Reason, Refused
from ringfence.proofs.encryption_key import (
    SEAL_ALGORITHMS,
    encryption_jwk,
    is_for_encryption,
    parse_encryption_jwk,
    usable_encryption_keys,
)
from ringfence.proofs.jwk import parse_public_jwk

RSA = JWK.generate(kty="RSA", size=2048, kid="r")
EC = JWK.generate(kty="EC", crv="P-256", kid="e")
X25519 = JWK.generate(kty="OKP", crv="X25519", kid="x")


def public(key: JWK, **more: Any) -> dict[str, Any]:
    members = json.loads(key.export_public()) | {"use": "enc"} | more
    return {name: value for name, value in members.items() if value is not None}


@pytest.mark.parametrize(
    ("key", "said", "algorithm"),
    [
        (RSA, None, "RSA-OAEP-256"),
        (RSA, "RSA-OAEP-256", "RSA-OAEP-256"),
        (EC, None, "ECDH-ES+A256KW"),
        (EC, "ECDH-ES", "ECDH-ES"),
        (X25519, None, "ECDH-ES+A256KW"),
        (X25519, "ECDH-ES", "ECDH-ES"),
    ],
)
def test_a_key_is_taken_and_written_anew(key: JWK, said: str | None, algorithm: str) -> None:
    jwk = public(key, alg=said, surprise="<script>", x5c=["AA"])
    parsed = parse_encryption_jwk(jwk)
    assert (parsed.kid, parsed.algorithm) == (key.get("kid"), algorithm)
    written = encryption_jwk(parsed)
    expected = {name: value for name, value in public(key).items() if name not in {"surprise", "x5c"}}
    assert written == {**expected, "alg": algorithm}
    assert parse_encryption_jwk(written).key.as_dict(private=False) == parsed.key.as_dict(private=False)


@pytest.mark.parametrize(
    ("jwk", "detail"),
    [
        (public(RSA, use="sig"), "use"),
        (public(RSA, use=None), "use"),
        (public(RSA, use=["enc"]), "use"),
        (public(RSA, kid=None), "kid"),
        (public(RSA, kid=""), "kid"),
        (public(RSA, kid="k" * 257), "kid"),
        (public(RSA, alg="RSA1_5"), "alg"),
        (public(RSA, alg="RSA-OAEP"), "alg"),
        (public(RSA, alg="PS256"), "alg"),
        (public(RSA, alg="ECDH-ES"), "alg"),
        (public(RSA, alg=["RSA-OAEP-256"]), "alg"),
        (public(EC, alg="RSA-OAEP-256"), "alg"),
        (public(EC, alg="ECDH-ES+A128KW"), "alg"),
        (public(RSA, key_ops=["verify"]), "key_ops"),
        (public(RSA, key_ops=["wrapKey", "verify"]), "key_ops"),
        (public(RSA, key_ops="wrapKey"), "key_ops"),
        (public(JWK.generate(kty="RSA", size=1024, kid="r")), "bits"),
        (public(JWK.generate(kty="EC", crv="P-384", kid="e")), "not an RSA"),
        (public(JWK.generate(kty="OKP", crv="Ed25519", kid="o")), "not an RSA"),
        (public(EC, y=public(EC)["x"]), "not a public key"),
        (public(X25519, x="AA"), "X25519"),
        (public(X25519, x=None), "X25519"),
        (public(X25519, x="A" * 43), "X25519"),  # the point of order 1: everybody agrees with it on zero
        (json.loads(RSA.export()) | {"use": "enc"}, "private"),
        ({"kty": "oct", "k": "AAAA", "kid": "o", "use": "enc"}, "private"),
        ({"use": "enc", "kid": "n"}, "not an RSA"),
    ],
)
def test_what_nothing_may_be_sealed_to_is_refused(jwk: dict[str, Any], detail: str) -> None:
    with pytest.raises(Refused) as why:
        parse_encryption_jwk(jwk)
    assert why.value.reason is Reason.ADMIN_REQUEST
    assert detail in why.value.detail
    assert usable_encryption_keys([jwk]) == ()


def test_algorithms_are_those_that_are_allowed() -> None:
    assert parse_encryption_jwk(public(EC), algorithms=("ECDH-ES",)).algorithm == "ECDH-ES"
    for jwk in (public(EC), public(RSA, alg="RSA-OAEP-256")):
        with pytest.raises(Refused):
            parse_encryption_jwk(jwk, algorithms=())
    assert "RSA1_5" not in SEAL_ALGORITHMS


@pytest.mark.parametrize("key", [RSA, EC])
def test_a_key_for_encryption_verifies_nothing_and_one_for_signatures_is_not_sealed_to(key: JWK) -> None:
    assert parse_public_jwk(public(key, use="sig"))
    with pytest.raises(Refused):
        parse_public_jwk(public(key))
    with pytest.raises(Refused):
        parse_public_jwk(encryption_jwk(parse_encryption_jwk(public(key))))
    assert not is_for_encryption(public(key, use="sig"))
    assert usable_encryption_keys([public(key, use="sig"), public(key, use=None)]) == ()


def test_of_a_set_the_usable_ones_in_its_order() -> None:
    other = public(JWK.generate(kty="EC", crv="P-256"), kid="e")
    members = [
        7,
        None,
        public(X25519),
        public(EC),
        other,
        public(RSA, use="sig"),
        public(RSA),
        public(RSA, alg="RSA1_5"),
    ]
    assert [key.kid for key in usable_encryption_keys(members)] == ["x", "r"]
