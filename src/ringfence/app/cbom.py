"""The inventory of keys, certificates and algorithms, as CycloneDX 1.6 has it: a bill of cryptographic materials.

Members and their values are those of the published schema `bom-1.6.schema.json` (ECMA-424).
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding

from ringfence import __version__
from ringfence.app.cbom_sources import KeyFile, PartnerKey, certificate_files, key_files, partner_keys
from ringfence.policy.load import LoadedPolicy, load

_ALGORITHMS: Final[dict[str, dict[str, Any]]] = {
    "ES256": {"primitive": "signature", "curve": "nist/P-256", "cryptoFunctions": ["sign", "verify"], "level": 128},
    "PS256": {"primitive": "signature", "padding": "other", "cryptoFunctions": ["sign", "verify"], "level": 128},
    "RS256": {"primitive": "signature", "padding": "pkcs1v15", "cryptoFunctions": ["sign", "verify"], "level": 128},
    "EdDSA": {"primitive": "signature", "curve": "other/Ed25519", "cryptoFunctions": ["sign", "verify"], "level": 128},
    "ML-DSA-44": {
        "primitive": "signature",
        "parameterSetIdentifier": "ML-DSA-44",
        "cryptoFunctions": ["sign", "verify"],
        "level": 128,
    },
    "A256GCM": {"primitive": "ae", "mode": "gcm", "cryptoFunctions": ["encrypt", "decrypt"], "level": 256},
    "RSA-OAEP-256": {"primitive": "pke", "padding": "oaep", "cryptoFunctions": ["decrypt"], "level": 128},
    "MLKEM768-X25519": {
        "primitive": "combiner",
        "parameterSetIdentifier": "ML-KEM-768, X25519, HKDF-SHA256, AES-256-GCM",
        "cryptoFunctions": ["encapsulate", "decapsulate", "encrypt", "decrypt"],
        "level": 128,
    },
    "HS256": {"primitive": "mac", "cryptoFunctions": ["tag"], "level": 256},
    "SHA-256": {"primitive": "hash", "cryptoFunctions": ["digest"], "level": 128},
    "Argon2id": {"primitive": "kdf", "cryptoFunctions": ["keyderive"], "level": 128},
    "scrypt": {"primitive": "kdf", "cryptoFunctions": ["keyderive"], "level": 128},
    "TOTP": {"primitive": "mac", "cryptoFunctions": ["tag"], "level": 128},
}

_OIDS: Final = {
    "ES256": "1.2.840.10045.4.3.2",
    "PS256": "1.2.840.113549.1.1.10",
    "RS256": "1.2.840.113549.1.1.11",
    "EdDSA": "1.3.101.112",
    "ML-DSA-44": "2.16.840.1.101.3.4.3.17",
}

_QUANTUM: Final = {"ML-DSA-44": 2, "A256GCM": 5, "MLKEM768-X25519": 3, "HS256": 5, "SHA-256": 2}
"""NIST's category; a signature on curves or RSA has none (0)."""

_BITS: Final = {
    "ES256": 256,
    "PS256": 3072,
    "RS256": 3072,
    "EdDSA": 256,
    "ML-DSA-44": 10_496,
    "A256GCM": 256,
    "HS256": 256,
    "MLKEM768-X25519": 768,
    "RSA-OAEP-256": 3072,
}

_PAIRS: Final = {*_OIDS, "MLKEM768-X25519", "RSA-OAEP-256"}

_ALWAYS: Final = ("SHA-256", "Argon2id", "TOTP")
"""Used whatever keys there are: hashes of tokens, passwords, second factors."""

_MECHANISM: Final = {"local": "Software", "pkcs11": "HSM", "aws_kms": "HSM", "vault": "Software"}


def inventory_of(
    policy: Path, keys: Sequence[dict[str, Any]], now: datetime, clients: Sequence[dict[str, Any]] = ()
) -> dict[str, Any]:
    """Return the inventory of an installation.

    Args:
        policy: the policy file; the certificates that it names are read.
        keys: as the management API lists them.
        now: when it was asked for, in UTC.
        clients: the same.

    Raises:
        PolicyMistakes: the policy cannot be loaded.
    """
    loaded = load(policy)
    names = {key["algorithm"] for key in keys} | set(loaded.policy.oauth.client_algorithms) | set(_ALWAYS)
    if loaded.policy.signer.seal.credential or loaded.policy.signer.seal.passphrase_file:
        names.add("scrypt")
    components = [_algorithm(name) for name in sorted(names)]
    components += [_key(key) for key in keys]
    components += [_key_file(one, loaded.places.root) for one in key_files(loaded)]
    components += [_partner_key(number, one) for number, one in enumerate(partner_keys(clients))]
    components += _certificates(certificate_files(loaded))
    components += [_protocol(version) for version in sorted(_tls_versions(loaded))]
    subject = f"{loaded.policy.issuer} {now.timestamp()}"
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{UUID(bytes=hashlib.sha256(subject.encode()).digest()[:16], version=4)}",
        "version": 1,
        "metadata": {
            "timestamp": _moment(now),
            "component": {"type": "application", "name": "ringfence", "version": __version__, "bom-ref": "ringfence"},
        },
        "components": components,
    }


def _algorithm(name: str) -> dict[str, Any]:
    known = dict(_ALGORITHMS[name])
    level = known.pop("level")
    properties = {
        "assetType": "algorithm",
        "algorithmProperties": {
            **known,
            "executionEnvironment": "software-plain-ram",
            "classicalSecurityLevel": level,
            "nistQuantumSecurityLevel": _QUANTUM.get(name, 0),
        },
    }
    return _component(f"algorithm/{name}", name, properties | ({"oid": _OIDS[name]} if name in _OIDS else {}))


def _key(key: dict[str, Any]) -> dict[str, Any]:
    kind = "private-key" if key["algorithm"] in _PAIRS else "secret-key"
    material = {
        "type": kind,
        "id": key["kid"],
        "state": key["state"],
        "size": _BITS[key["algorithm"]],
        "algorithmRef": f"algorithm/{key['algorithm']}",
        "creationDate": _moment(datetime.fromtimestamp(key["created_at"], UTC)),
        "securedBy": {"mechanism": _MECHANISM[key["provider"]]},
    }
    if key["activated_at"] is not None:
        material["activationDate"] = _moment(datetime.fromtimestamp(key["activated_at"], UTC))
    name = f"key for {key['purpose']}"
    properties = {"assetType": "related-crypto-material", "relatedCryptoMaterialProperties": material}
    return _component(f"key/{key['key']}", name, properties)


def _key_file(file: KeyFile, root: Path) -> dict[str, Any]:
    named = str(file.path.relative_to(root)) if file.path.is_relative_to(root) else str(file.path)
    material = {"type": "private-key" if file.private else "secret-key", "id": named}
    properties = {"assetType": "related-crypto-material", "relatedCryptoMaterialProperties": material}
    return _component(f"key-file/{named}", f"key in {named}", properties)


def _partner_key(number: int, key: PartnerKey) -> dict[str, Any]:
    kid = str(key.jwk.get("kid", number))
    material = {"type": "public-key", "id": kid}
    properties = {"assetType": "related-crypto-material", "relatedCryptoMaterialProperties": material}
    name = f"{key.jwk.get('kty', '')} key of {key.client_id} for {key.jwk.get('use', 'sig')}"
    return _component(f"partner-key/{key.client_id}/{number}", name, properties)


def _certificates(files: Iterable[Path]) -> list[dict[str, Any]]:
    """Return each certificate once, with its public key and signature algorithm; files that hold none are left out."""
    found: dict[str, dict[str, Any]] = {}
    for file in files:
        try:
            certificates = x509.load_pem_x509_certificates(file.read_bytes())
        except (OSError, ValueError):
            continue
        for one in certificates:
            for component in _certificate(one):
                found[component["bom-ref"]] = component
    return list(found.values())


def _certificate(one: x509.Certificate) -> Iterable[dict[str, Any]]:
    digest = hashlib.sha256(one.public_bytes(Encoding.DER)).hexdigest()
    oid = one.signature_algorithm_oid.dotted_string
    signature = f"algorithm/{oid}"
    key = one.public_key()
    bits = key.key_size if isinstance(key, EllipticCurvePublicKey | RSAPublicKey) else 256
    yield _component(
        signature, oid, {"assetType": "algorithm", "algorithmProperties": {"primitive": "signature"}, "oid": oid}
    )
    public = {"type": "public-key", "size": bits}
    properties = {"assetType": "related-crypto-material", "relatedCryptoMaterialProperties": public}
    yield _component(f"public-key/{digest}", f"public key of {one.subject.rfc4514_string()}", properties)
    yield _component(
        f"certificate/{digest}",
        one.subject.rfc4514_string() or digest,
        {
            "assetType": "certificate",
            "certificateProperties": {
                "subjectName": one.subject.rfc4514_string(),
                "issuerName": one.issuer.rfc4514_string(),
                "notValidBefore": _moment(one.not_valid_before_utc),
                "notValidAfter": _moment(one.not_valid_after_utc),
                "signatureAlgorithmRef": signature,
                "subjectPublicKeyRef": f"public-key/{digest}",
                "certificateFormat": "X.509",
            },
        },
    )


def _tls_versions(loaded: LoadedPolicy) -> set[str]:
    listeners = loaded.policy.listeners
    lowest = {listeners.public.tls.minimum} | ({listeners.mtls.tls.minimum} if listeners.mtls else set())
    return {"1.3", *lowest}


def _protocol(version: str) -> dict[str, Any]:
    properties = {"assetType": "protocol", "protocolProperties": {"type": "tls", "version": version}}
    return _component(f"protocol/tls-{version}", f"TLS {version}", properties)


def _component(reference: str, name: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "cryptographic-asset", "bom-ref": reference, "name": name, "cryptoProperties": properties}


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
