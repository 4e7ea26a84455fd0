import base64
import datetime as dt
import hashlib
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from ringfence.message import Peer
from ringfence.problem import Reason
from ringfence.proofs.mtls import certificate_thumbprint, check_certificate, check_self_signed, check_subject

SUBJECT = x509.Name(
    [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "GB"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Acme, Fintech Ltd"),
        x509.NameAttribute(NameOID.COMMON_NAME, "Partner One"),
    ]
)


def certificate(subject: x509.Name, key: Any) -> x509.Certificate:
    start = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )


def seen(cert: x509.Certificate) -> Peer:
    return Peer("192.0.2.1", certificate_pem=cert.public_bytes(Encoding.PEM).decode())


@pytest.fixture
def cert(es256) -> x509.Certificate:
    return certificate(SUBJECT, es256.private)


def test_thumbprint(cert):
    digest = hashlib.sha256(cert.public_bytes(Encoding.DER)).digest()
    assert certificate_thumbprint(seen(cert).certificate_pem) == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@pytest.mark.parametrize("pem", ["", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "\udc80"])
def test_what_is_no_certificate(refusal, pem, es256):
    peer = Peer("192.0.2.1", certificate_pem=pem)
    assert refusal(certificate_thumbprint, pem) is Reason.CLIENT_AUTHENTICATION
    assert refusal(check_subject, peer, "CN=x") is Reason.CLIENT_AUTHENTICATION
    assert refusal(check_self_signed, peer, {"keys": [es256.jwk]}) is Reason.CLIENT_AUTHENTICATION


def test_a_bound_token_needs_its_certificate(token_of, token_claims, refusal):
    token = token_of({**token_claims, "cnf": {"x5t#S256": "A" * 43}})
    check_certificate(token, Peer("192.0.2.1", certificate_sha256="A" * 43))
    assert refusal(check_certificate, token, Peer("192.0.2.1")) is Reason.CERTIFICATE_MISSING
    other = Peer("192.0.2.1", certificate_sha256="B" * 43)
    assert refusal(check_certificate, token, other) is Reason.CERTIFICATE_MISMATCH


def test_a_token_without_certificate_needs_none(token_of, token_claims):
    check_certificate(token_of(token_claims), Peer("192.0.2.1"))


@pytest.mark.parametrize(
    "registered",
    [
        r"CN=Partner One,O=Acme\, Fintech Ltd,C=GB",
        r"cn=partner  one,o=acme\, fintech ltd,c=gb",
        r"2.5.4.3=Partner One,O=Acme\2c Fintech Ltd,C=GB",
    ],
)
def test_subjects_that_match(cert, registered):
    check_subject(seen(cert), registered)


@pytest.mark.parametrize(
    "registered",
    [
        "",
        "CN=Partner One",
        r"CN=Partner One,O=Acme\, Fintech Ltd",
        r"C=GB,O=Acme\, Fintech Ltd,CN=Partner One",
        r"CN=Partner One+O=Acme\, Fintech Ltd,C=GB",
        r"CN=Partner Two,O=Acme\, Fintech Ltd,C=GB",
        r"OU=Partner One,O=Acme\, Fintech Ltd,C=GB",
        r"CN=Partner One,O=Acme\, Fintech Ltd,C=GB,DC=example",
        "not a name",
        "CN",
        "=",
        ",,",
        "CN=\0",
        "C=" + "x" * 5000,
    ],
)
def test_subjects_that_do_not(cert, refusal, registered):
    assert refusal(check_subject, seen(cert), registered) is Reason.CLIENT_AUTHENTICATION


def test_the_identifier_of_a_payment_institution(es256):
    identifier = x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, "PSDGB-FCA-123456")
    check_subject(seen(certificate(x509.Name([identifier]), es256.private)), "organizationIdentifier=PSDGB-FCA-123456")


def test_an_empty_subject_matches_nothing(es256, refusal):
    empty = seen(certificate(x509.Name([]), es256.private))
    assert refusal(check_subject, empty, "") is Reason.CLIENT_AUTHENTICATION


def test_a_registered_key_or_certificate(cert, es256):
    der = base64.b64encode(cert.public_bytes(Encoding.DER)).decode()
    check_self_signed(seen(cert), {"keys": [{"kty": "oct"}, 1, es256.jwk]})
    check_self_signed(seen(cert), {"keys": [{**es256.jwk, "x5c": [der, "ignored"]}]})


@pytest.mark.parametrize("x5c", [[], None, "", ["AA=="], [1], {}, ["!"], [None], "AA=="])
def test_a_certificate_that_is_not_registered(cert, es256, refusal, x5c):
    # The key would match, but the client registered certificates.
    jwks = {"keys": [{**es256.jwk, "x5c": x5c}]}
    assert refusal(check_self_signed, seen(cert), jwks) is Reason.CLIENT_AUTHENTICATION


@pytest.mark.parametrize("jwks", [{}, {"keys": None}, {"keys": []}, {"keys": "x"}, {"keys": [{}]}])
def test_no_registered_keys(cert, refusal, jwks):
    assert refusal(check_self_signed, seen(cert), jwks) is Reason.CLIENT_AUTHENTICATION


def test_another_key_is_refused(es256, refusal):
    stranger = seen(certificate(SUBJECT, ec.generate_private_key(ec.SECP256R1())))
    assert refusal(check_self_signed, stranger, {"keys": [es256.jwk]}) is Reason.CLIENT_AUTHENTICATION
