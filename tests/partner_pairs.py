"""Key pairs and a certificate for the tests of partner formats, made once in each run."""

import datetime as dt
import functools
import json
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ringfence.protect.partner_keys import PartnerKeys, fingerprint


@functools.cache
def pair(name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@functools.cache
def certificate(name: str) -> x509.Certificate:
    key = pair(name)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    built = x509.CertificateBuilder(subject, subject, key.public_key(), 1, begin, begin + dt.timedelta(days=900))
    return built.sign(key, hashes.SHA256())


def kid(name: str) -> str:
    return fingerprint(pair(name).public_key())


def keys(seal: str, *opens: str) -> PartnerKeys:
    return PartnerKeys(kid(seal), pair(seal).public_key(), {kid(name): pair(name) for name in opens})


def their_files(directory: Path, seal: str, opens: str) -> dict:
    """The two files that Mastercard's library wants."""
    (directory / "seal.pem").write_bytes(certificate(seal).public_bytes(serialization.Encoding.PEM))
    (directory / "open.pem").write_bytes(
        pair(opens).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return {"encryptionCertificate": str(directory / "seal.pem"), "decryptionKey": str(directory / "open.pem")}


def copied(document: dict) -> dict:
    return json.loads(json.dumps(document))
