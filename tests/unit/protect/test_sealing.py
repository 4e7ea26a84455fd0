"""What is sealed opens with another library, and with nothing changed."""

import json

import pytest
from joserfc.errors import UnsupportedAlgorithmError
from jwcrypto.common import JWException
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

from ringfence.proofs.encryption_key import parse_encryption_jwk
from ringfence.protect.sealing import sealed_to_key

KEYS = {
    "RSA-OAEP-256": JWK.generate(kty="RSA", size=2048),
    "ECDH-ES": JWK.generate(kty="EC", crv="P-256"),
    "ECDH-ES+A256KW": JWK.generate(kty="OKP", crv="X25519"),
}
HEADER = {"iss": "https://bank.example", "aud": "client_a", "at": "/card/pan"}


def sealed(algorithm: str, enc: str = "A256GCM", content: bytes = b'"4111"') -> str:
    jwk = json.loads(KEYS[algorithm].export_public()) | {"kid": "k", "use": "enc", "alg": algorithm}
    return sealed_to_key(content, parse_encryption_jwk(jwk), enc, HEADER)


def opened(text: str, algorithm: str, key: JWK | None = None) -> tuple[bytes, dict[str, object]]:
    jwe = JWE(algs=[algorithm, "A128GCM", "A256GCM"])
    jwe.deserialize(text, key or KEYS[algorithm])
    return jwe.payload, json.loads(jwe.objects["protected"])


@pytest.mark.parametrize("algorithm", KEYS)
@pytest.mark.parametrize("enc", ["A128GCM", "A256GCM"])
def test_the_owner_of_the_key_opens_it_and_sees_what_it_is_for(algorithm: str, enc: str) -> None:
    content, header = opened(sealed(algorithm, enc), algorithm)
    assert content == b'"4111"'
    assert header | HEADER == header
    assert (header["alg"], header["enc"], header["kid"]) == (algorithm, enc, "k")
    assert header.keys() - HEADER.keys() - {"alg", "enc", "kid", "epk"} == set()


@pytest.mark.parametrize("algorithm", KEYS)
def test_another_each_time_and_no_other_key_opens_it(algorithm: str) -> None:
    texts = {part for _ in range(20) for part in sealed(algorithm).split(".")[1:] if part}
    assert len(texts) == 20 * (3 if algorithm == "ECDH-ES" else 4)
    others = {"RSA": {"size": 2048}, "EC": {"crv": "P-256"}, "OKP": {"crv": "X25519"}}
    kind = str(KEYS[algorithm]["kty"])
    with pytest.raises(JWException):
        opened(sealed(algorithm), algorithm, JWK.generate(kty=kind, **others[kind]))


@pytest.mark.parametrize("algorithm", KEYS)
def test_what_was_changed_does_not_open(algorithm: str) -> None:
    text = sealed(algorithm)
    for number, part in enumerate(text.split(".")):
        if part:
            parts = text.split(".")
            parts[number] = ("A" if part[0] != "A" else "B") + part[1:]
            with pytest.raises((JWException, ValueError)):
                opened(".".join(parts), algorithm)


def test_no_algorithm_but_those_of_the_list() -> None:
    with pytest.raises(UnsupportedAlgorithmError):
        sealed("RSA-OAEP-256", "A128CBC-HS256")
