import base64
import json
from typing import Any

import pytest
from jwcrypto.common import json_encode
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from ringfence.problem import Reason
from ringfence.proofs.jwk import parse_public_jwk
from ringfence.proofs.jws import (
    MAX_CHARACTERS,
    MAX_HEADER_CHARACTERS,
    Kind,
    check_algorithm,
    header_of,
    media_type,
    members_of,
    split,
    verify,
)

KIND = Kind("thing", Reason.TOKEN_MALFORMED, Reason.TOKEN_ALGORITHM, Reason.TOKEN_SIGNATURE)


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def read(raw: str, key: Any) -> bytes:
    jws = split(raw, KIND)
    check_algorithm(header_of(jws.encoded_header, KIND), key, KIND)
    return verify(jws, key, KIND)


@pytest.mark.parametrize("name", ["rfc7515_a3", "rfc8037_a4"])
def test_vectors_of_the_specifications(vectors, name):
    vector = vectors[name]
    assert read(vector["jws"], parse_public_jwk(vector["jwk"])).decode() == vector["payload"]


def test_what_another_library_signs_verifies(signer):
    key = JWK.from_pyca(signer.private)
    token = JWS(b'{"a":1}')
    token.add_signature(key, alg=signer.alg, protected=json_encode({"alg": signer.alg}))
    assert read(token.serialize(compact=True), signer.public) == b'{"a":1}'


def test_what_we_sign_verifies_in_another_library(signer):
    token = JWS()
    token.allowed_algs = [signer.alg]
    token.deserialize(signer.sign({"alg": signer.alg}, {"a": 1}), JWK(**signer.jwk))
    assert json.loads(token.payload) == {"a": 1}


def test_each_changed_bit_of_the_signature_counts(signer, refusal):
    raw = signer.sign({"alg": signer.alg}, {"a": 1})
    head, _, encoded = raw.rpartition(".")
    signature = base64.urlsafe_b64decode(encoded + "==")
    for position in range(0, len(signature), 7):
        changed = bytearray(signature)
        changed[position] ^= 1 << (position % 8)
        assert refusal(read, f"{head}.{b64(bytes(changed))}", signer.public) is Reason.TOKEN_SIGNATURE


def test_a_changed_payload_is_refused(signer, refusal):
    header, _, signature = signer.sign({"alg": signer.alg}, {"a": 1}).split(".")
    assert refusal(read, f"{header}.{b64(b'{}')}.{signature}", signer.public) is Reason.TOKEN_SIGNATURE


def test_another_key_of_the_same_type_is_refused(es256, refusal, vectors):
    other = parse_public_jwk(vectors["rfc7515_a3"]["jwk"])
    assert refusal(read, es256.sign({"alg": "ES256"}, {}), other) is Reason.TOKEN_SIGNATURE


P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def pair(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        b"\0",
        bytes(64),
        pair(0, 1),
        pair(1, 0),
        pair(1, 1),
        pair(P256_ORDER, P256_ORDER),
        pair(P256_ORDER, 1),
        pair(P256_ORDER + 1, 1),
        b"\xff" * 64,
        bytes(63),
        bytes(65),
        bytes(96),
        bytes.fromhex("3006020101020101"),
        bytes(4096),
    ],
)
def test_odd_ecdsa_signatures_are_refused(es256, refusal, signature):
    header, payload, _ = es256.sign({"alg": "ES256"}, {}).split(".")
    assert refusal(read, f"{header}.{payload}.{b64(signature)}", es256.public) is Reason.TOKEN_SIGNATURE


@pytest.mark.parametrize("signature", [b"", bytes(64), bytes(255), bytes(256), bytes(257), b"\xff" * 256, b"\x01" * 64])
@pytest.mark.parametrize("alg", ["PS256", "EdDSA"])
def test_odd_signatures_of_other_algorithms_are_refused(signers, refusal, alg, signature):
    signer = signers[alg]
    header, payload, _ = signer.sign({"alg": alg}, {}).split(".")
    assert refusal(read, f"{header}.{payload}.{b64(signature)}", signer.public) is Reason.TOKEN_SIGNATURE


def test_a_der_signature_is_refused(es256, refusal):
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    header, payload, _ = es256.sign({"alg": "ES256"}, {}).split(".")
    der = es256.private.sign(f"{header}.{payload}".encode(), ec.ECDSA(hashes.SHA256()))
    assert refusal(read, f"{header}.{payload}.{b64(der)}", es256.public) is Reason.TOKEN_SIGNATURE


def test_pkcs1_v15_under_the_name_of_pss_is_refused(signers, refusal):
    rsa = signers["PS256"]
    raw = type(rsa)("RS256", rsa.private).sign({"alg": "PS256"}, {})
    assert refusal(read, raw, rsa.public) is Reason.TOKEN_SIGNATURE


@pytest.mark.parametrize(
    "alg", ["none", "None", "NONE", "HS256", "RS256", "ES384", "ES256K", "es256", "ES256 ", "PS384", "", "ES256\0"]
)
def test_the_header_never_chooses_the_algorithm(es256, refusal, alg):
    assert refusal(read, es256.sign({"alg": alg}, {}), es256.public) is Reason.TOKEN_ALGORITHM


def test_alg_none_without_signature_is_refused(es256, refusal):
    raw = f"{b64(json.dumps({'alg': 'none'}).encode())}.{b64(b'{}')}."
    assert refusal(read, raw, es256.public) is Reason.TOKEN_ALGORITHM


def test_hs256_with_the_public_key_as_secret_is_refused(signer, hmac_signer, refusal):
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415

    public = signer.private.public_key()
    secrets = [
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        json.dumps(signer.jwk).encode(),
    ]
    for secret in secrets:
        assert refusal(read, hmac_signer(secret).sign({"alg": "HS256"}, {}), signer.public) is Reason.TOKEN_ALGORITHM
        raw = hmac_signer(secret).sign({"alg": signer.alg}, {})
        assert refusal(read, raw, signer.public) is Reason.TOKEN_SIGNATURE


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"alg"',
        b"{}",
        b'{"alg":null}',
        b'{"alg":["ES256"]}',
        b'{"alg":"ES256","alg":"ES256"}',
        b'{"alg":"none","\\u0061lg":"ES256"}',
        b'{"alg":"ES256","crit":["exp"],"exp":1}',
        b'{"alg":"ES256","crit":[]}',
        b'{"alg":"ES256","b64":false}',
        b'{"alg":"ES256","b64":true}',
        b'\xef\xbb\xbf{"alg":"ES256"}',
        '{"alg":"ES256"}'.encode("utf-16"),
        b'{"alg":"ES256","x":NaN}',
        b'{"alg":"ES256","x":"\\ud800"}',
        b'{"alg":"ES256","x":' + b"[" * 1000 + b"]" * 1000 + b"}",
        b'{"alg":"ES256","x":' + b"[" * 3000,
        b'{"alg":"ES256"}{}',
    ],
)
def test_headers_that_could_be_read_two_ways_are_refused(es256, refusal, header):
    assert refusal(read, es256.sign(header, {}), es256.public) is Reason.TOKEN_MALFORMED


@pytest.mark.parametrize("payload", [b"", b"[]", b"1", b'{"a":1,"a":1}', b'{"a":{"b":1,"b":1}}', b'{"a":1e999999999}'])
def test_claims_that_could_be_read_two_ways_are_refused(es256, refusal, payload):
    read_payload = read(es256.sign({"alg": "ES256"}, payload), es256.public)
    assert refusal(members_of, read_payload, KIND) is Reason.TOKEN_MALFORMED


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw + ".",
        lambda raw: raw + "=",
        lambda raw: raw + "\n",
        lambda raw: " " + raw,
        lambda raw: raw.replace(".", "..", 1),
        lambda raw: raw.rpartition(".")[0],
        lambda raw: "." + raw,
        lambda raw: raw + "." + raw,
        lambda raw: f"{raw}, {raw}",
        lambda raw: "ä" + raw,
        lambda raw: raw + "\udc80",
        lambda raw: raw.partition(".")[0] + "A" + raw[raw.index(".") :],
        lambda raw: "",
        lambda raw: "..",
        lambda raw: "." * 10_000,
        lambda raw: raw + "A" * MAX_CHARACTERS,
        lambda raw: "A" * (MAX_HEADER_CHARACTERS + 4) + raw,
        lambda raw: json.dumps({"payload": raw.split(".")[1], "signatures": []}),
    ],
)
def test_what_is_no_compact_jws_is_refused(es256, refusal, change):
    raw = es256.sign({"alg": "ES256"}, {})
    assert refusal(read, change(raw), es256.public) is Reason.TOKEN_MALFORMED


def test_stray_bits_in_the_last_character_are_refused(es256, refusal):
    raw = es256.sign({"alg": "ES256"}, {})
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = alphabet[alphabet.index(raw[-1]) + 1]  # 64 bytes end in a character with four unused bits
    assert refusal(read, raw[:-1] + other, es256.public) is Reason.TOKEN_MALFORMED


@pytest.mark.parametrize(
    ("typ", "expected"),
    [
        ("at+jwt", "at+jwt"),
        ("application/at+jwt", "at+jwt"),
        ("AT+JWT", "at+jwt"),
        ("Application/AT+JWT", "at+jwt"),
        ("text/at+jwt", "text/at+jwt"),
        (None, "?"),
        (1, "?"),
        ({}, "?"),
    ],
)
def test_media_types(typ, expected):
    assert media_type({"typ": typ}) == expected


def test_no_media_type():
    assert media_type({}) == ""
