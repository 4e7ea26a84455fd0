"""Whatever a caller presents, the answer is a value or a refusal."""

import base64
import json
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey
from joserfc.jws import JWSRegistry

from ringfence.clock import Instant
from ringfence.message import Peer
from ringfence.problem import Refused
from ringfence.proofs.access_token import verify_access_token
from ringfence.proofs.authorization import parse_authorization
from ringfence.proofs.client_assertion import peek_client_id, verify_client_assertion
from ringfence.proofs.dpop import verify_proof
from ringfence.proofs.jwk import ALGORITHMS, parse_jwks, parse_public_jwk, public_jwk
from ringfence.proofs.mtls import check_self_signed, check_subject
from ringfence.proofs.target import check_target, normalized

NOW = Instant(1_760_000_000.0)
URL = "https://api.bank.example/payments"
ISSUER = "https://as.bank.example"
PRIVATE = ECKey.import_key(ec.derive_private_key(0x52696E6766656E6365, ec.SECP256R1()))
PUBLIC = parse_public_jwk({**PRIVATE.as_dict(private=False), "kid": "1"})
JWK = {name: value for name, value in public_jwk(PUBLIC).items() if name in {"kty", "crv", "x", "y"}}

PROOF = ({"typ": "dpop+jwt", "alg": "ES256", "jwk": JWK}, {"jti": "1", "htm": "POST", "htu": URL, "iat": NOW})
TOKEN = (
    {"typ": "at+jwt", "alg": "ES256", "kid": "1"},
    {
        "iss": ISSUER,
        "aud": URL,
        "sub": "u",
        "client_id": "c",
        "jti": "1",
        "iat": NOW,
        "exp": NOW + 60,
        "cnf": {"jkt": PUBLIC.thumbprint},
    },
)
ASSERTION = (
    {"alg": "ES256", "kid": "1"},
    {"iss": "c", "sub": "c", "aud": ISSUER, "jti": "1", "iat": NOW, "exp": NOW + 60},
)


def proof(raw: str) -> object:
    return verify_proof(
        raw,
        method="POST",
        url=URL,
        algorithms=ALGORITHMS,
        now=NOW,
        window=60.0,
        skew=30.0,
        access_token=None,
    )


def token(raw: str) -> object:
    return verify_access_token(raw, {"1": PUBLIC}.get, issuer=ISSUER, audience=URL, now=NOW, skew=30.0)


def assertion(raw: str) -> object:
    peek_client_id(raw)
    return verify_client_assertion(
        raw, client_keys={"1": PUBLIC}, client_id="c", issuer=ISSUER, algorithms=ALGORITHMS, now=NOW, skew=30.0
    )


READERS: list[tuple[Callable[[str], object], tuple[dict[str, Any], dict[str, Any]]]] = [
    (proof, PROOF),
    (token, TOKEN),
    (assertion, ASSERTION),
]


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(header: bytes, claims: bytes) -> str:
    """A genuine signature over any two texts."""
    head = f"{b64(header)}.{b64(claims)}"
    return f"{head}.{b64(JWSRegistry.algorithms['ES256'].sign(head.encode(), PRIVATE))}"


def value_or_refusal(reader: Callable[..., object], *args: object) -> bool:
    try:
        reader(*args)
    except Refused:
        return False
    return True


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**60), 10**60)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([*JWK.values(), "ES256", "none", "HS256", "1", URL, ISSUER, "at+jwt", "dpop+jwt", "EC", "RSA"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
MEMBERS = st.sampled_from(
    (
        "alg",
        "typ",
        "kid",
        "jwk",
        "jku",
        "x5u",
        "x5c",
        "crit",
        "b64",
        "kty",
        "crv",
        "x",
        "y",
        "n",
        "e",
        "d",
        "k",
        "use",
        "key_ops",
        "iss",
        "sub",
        "aud",
        "exp",
        "nbf",
        "iat",
        "jti",
        "htm",
        "htu",
        "ath",
        "nonce",
        "cnf",
        "jkt",
        "scope",
        "client_id",
        "grant_id",
        "auth_time",
        "acr",
    )
)


def test_the_seeds_are_genuine():
    for reader, (header, claims) in READERS:
        assert value_or_refusal(reader, signed(json.dumps(header).encode(), json.dumps(claims).encode()))


@given(st.sampled_from(READERS), st.text(st.characters(), max_size=200))
def test_any_text(reader, raw):
    value_or_refusal(reader[0], raw)


@given(st.sampled_from(READERS), st.text(st.sampled_from("eyJ.-_=AQ "), max_size=200))
def test_texts_of_jws_characters(reader, raw):
    value_or_refusal(reader[0], raw)


@given(st.sampled_from(READERS), st.binary(max_size=100), st.binary(max_size=100))
def test_genuine_signatures_over_any_bytes(reader, header, claims):
    value_or_refusal(reader[0], signed(header, claims))


@given(
    st.sampled_from(READERS),
    st.dictionaries(MEMBERS, JSON, max_size=3),
    st.dictionaries(MEMBERS, JSON, max_size=3),
    st.dictionaries(MEMBERS, JSON, max_size=3),
    st.sets(MEMBERS, max_size=2),
)
def test_genuine_signatures_over_changed_members(reader, header, claims, jwk, dropped):
    read, (good_header, good_claims) = reader
    changed = {**good_header, **header}
    if "jwk" in good_header and "jwk" not in header:
        changed["jwk"] = {**JWK, **jwk}
    members = {k: v for k, v in {**good_claims, **claims}.items() if k not in dropped}
    value_or_refusal(read, signed(json.dumps(changed).encode(), json.dumps(members).encode()))


@given(st.sampled_from(READERS), st.data())
def test_a_changed_byte_never_verifies(reader, data):
    read, (header, claims) = reader
    raw = signed(json.dumps(header).encode(), json.dumps(claims).encode())
    at = data.draw(st.integers(0, len(raw) - 1))
    character = data.draw(st.sampled_from("ABCDwxyz0189-_.=+/ \n\0é"))
    changed = raw[:at] + character + raw[at + 1 :]
    assert value_or_refusal(read, changed) is (changed == raw)


@given(st.lists(st.text(max_size=60) | st.sampled_from(["DPoP a", "Bearer b", "dpop  c=="]), max_size=3))
def test_authorization(values):
    value_or_refusal(parse_authorization, values)


@given(st.dictionaries(MEMBERS, JSON, max_size=6))
def test_keys(jwk):
    value_or_refusal(parse_public_jwk, jwk)
    value_or_refusal(parse_public_jwk, {**JWK, **jwk})
    value_or_refusal(parse_jwks, {"keys": [jwk, {**JWK, "kid": "1"}]})
    value_or_refusal(parse_jwks, {"keys": jwk})


@given(st.sampled_from(["RSA", "EC", "OKP"]), st.binary(max_size=300), st.binary(max_size=33))
def test_numbers_of_keys(kty, one, other):
    crv = {"EC": "P-256", "OKP": "Ed25519", "RSA": ""}[kty]
    for first in (one, one[:32].ljust(32, b"\1")):
        members = {"n": first, "x": first, "e": other, "y": other[:32].ljust(32, b"\1")}
        jwk = {"kty": kty, "crv": crv, **{name: b64(value) for name, value in members.items()}}
        if value_or_refusal(parse_public_jwk, jwk):
            claims = json.dumps(PROOF[1]).encode()
            alg = {"EC": "ES256", "OKP": "EdDSA", "RSA": "PS256"}[kty]
            header = json.dumps({"typ": "dpop+jwt", "alg": alg, "jwk": jwk}).encode()
            assert not value_or_refusal(proof, signed(header, claims))


URLS = st.text(st.sampled_from("htps:/?#@[]%2fFe.a\\ \n80-é"), max_size=40)


@given(URLS, URLS | st.just(URL))
def test_urls(named, called):
    value_or_refusal(check_target, named, called)
    value_or_refusal(check_target, "https://h" + named, "https://h" + called)


@given(URLS)
def test_a_normal_form_is_its_own_normal_form(path):
    try:
        once = normalized("https://H:443/" + path)
    except Refused:
        return
    assert normalized(once) == once


@given(st.text(st.sampled_from('CNOU=,+\\ "#;<>20a\0é'), max_size=30) | st.text(max_size=30), st.text(max_size=40))
def test_certificates(subject, pem):
    peer = Peer("192.0.2.1", certificate_pem=pem)
    value_or_refusal(check_subject, peer, subject)
    value_or_refusal(check_self_signed, peer, {"keys": [JWK]})
