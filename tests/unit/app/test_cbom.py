"""The published schema is on no package index, so the parts that we write are restated here, as bom-1.6 has them."""

import json
import subprocess
from datetime import UTC, datetime
from typing import get_args, get_type_hints

import jsonschema_rs
import pytest

from ringfence.app.cbom import _ALGORITHMS, inventory_of
from ringfence.keys.purposes import Kind
from ringfence.keys.states import State
from ringfence.policy.model import OAuth

NOW = datetime(2026, 11, 25, 13, 0, tzinfo=UTC)
TEXT, MOMENT = {"type": "string"}, {"type": "string", "format": "date-time"}


def closed(required=(), **members):
    return {"type": "object", "additionalProperties": False, "required": list(required), "properties": members}


def one_of(*values):
    return {"enum": list(values)}


FUNCTIONS = "generate keygen encrypt decrypt digest tag keyderive sign verify encapsulate decapsulate other unknown"
PRIMITIVES = [
    "drbg",
    "mac",
    "block-cipher",
    "stream-cipher",
    "signature",
    "hash",
    "pke",
    "xof",
    "kdf",
    "key-agree",
    "kem",
    "ae",
    "combiner",
    "other",
    "unknown",
]
CRYPTO = closed(
    ["assetType"],
    assetType=one_of("algorithm", "certificate", "protocol", "related-crypto-material"),
    oid=TEXT,
    algorithmProperties=closed(
        primitive=one_of(*PRIMITIVES),
        parameterSetIdentifier=TEXT,
        curve=TEXT,
        executionEnvironment=one_of("software-plain-ram", "software-encrypted-ram", "software-tee", "hardware"),
        mode=one_of("cbc", "ecb", "ccm", "gcm", "cfb", "ofb", "ctr", "other", "unknown"),
        padding=one_of("pkcs5", "pkcs7", "pkcs1v15", "oaep", "raw", "other", "unknown"),
        cryptoFunctions={"type": "array", "items": one_of(*FUNCTIONS.split())},
        classicalSecurityLevel={"type": "integer", "minimum": 0},
        nistQuantumSecurityLevel={"type": "integer", "minimum": 0, "maximum": 6},
    ),
    certificateProperties=closed(
        subjectName=TEXT,
        issuerName=TEXT,
        notValidBefore=MOMENT,
        notValidAfter=MOMENT,
        signatureAlgorithmRef=TEXT,
        subjectPublicKeyRef=TEXT,
        certificateFormat=TEXT,
    ),
    relatedCryptoMaterialProperties=closed(
        type=one_of("private-key", "public-key", "secret-key", "key"),
        id=TEXT,
        state=one_of("pre-activation", "active", "suspended", "deactivated", "compromised", "destroyed"),
        algorithmRef=TEXT,
        creationDate=MOMENT,
        activationDate=MOMENT,
        size={"type": "integer"},
        securedBy=closed(mechanism=TEXT, algorithmRef=TEXT),
    ),
    protocolProperties=closed(type=one_of("tls", "ssh", "ipsec", "ike", "sstp", "wpa"), version=TEXT),
)
COMPONENT = closed(
    ["type", "name"],
    **{"bom-ref": TEXT},
    type=one_of("application", "cryptographic-asset"),
    name=TEXT,
    version=TEXT,
    cryptoProperties=CRYPTO,
)
BOM = closed(
    ["bomFormat", "specVersion"],
    **{"$schema": one_of("http://cyclonedx.org/schema/bom-1.6.schema.json")},
    bomFormat=one_of("CycloneDX"),
    specVersion=TEXT,
    serialNumber={
        "type": "string",
        "pattern": "^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
    },
    version={"type": "integer", "minimum": 1},
    metadata=closed(timestamp=MOMENT, component=COMPONENT),
    components={"type": "array", "items": COMPONENT},
)


def key(n: int, kind: Kind, state: State) -> dict:
    return {
        "key": f"key_{n}",
        "kid": f"kid-{n}",
        "purpose": "token",
        "algorithm": kind.value,
        "provider": "local",
        "state": state.value,
        "created_at": 1.8e9,
        "activated_at": None if state is State.PRE_ACTIVATION else 1.8e9,
    }


def test_it_is_what_the_schema_asks_for_and_says_everything_once(installation):
    keys = [key(n, kind, state) for n, (kind, state) in enumerate((k, s) for k in Kind for s in State)]
    bom = inventory_of(installation, keys, NOW)
    jsonschema_rs.validator_for(BOM, validate_formats=True).validate(json.loads(json.dumps(bom)))
    references = [one["bom-ref"] for one in bom["components"]]
    assert len(set(references)) == len(references)
    assert {f"key/{one['key']}" for one in keys} <= set(references)
    materials = [one["cryptoProperties"] for one in bom["components"]]
    for name in ("algorithmRef", "signatureAlgorithmRef", "subjectPublicKeyRef"):
        named = {
            value[name] for each in materials for value in each.values() if isinstance(value, dict) and name in value
        }
        assert named
        assert named <= set(references)


def test_the_certificates_are_those_of_the_listeners_and_authorities(installation):
    bom = inventory_of(installation, [], NOW)
    found = {one["name"] for one in bom["components"] if one["cryptoProperties"]["assetType"] == "certificate"}
    for file in ("server.pem", "ca.pem"):
        asked = ["openssl", "x509", "-in", str(installation.parent / "certs" / file), "-noout", "-subject"]
        subject = subprocess.run([*asked, "-nameopt", "RFC2253"], capture_output=True, text=True, check=True).stdout
        assert subject.strip().removeprefix("subject=") in found


def test_partners_keys_and_keys_in_files_are_in_it(installation):
    clients = [{"client_id": "client_1", "jwks": {"keys": [{"kty": "EC", "kid": "a"}, {"kty": "RSA", "use": "enc"}]}}]
    bom = inventory_of(installation, [], NOW, clients)
    jsonschema_rs.validator_for(BOM, validate_formats=True).validate(json.loads(json.dumps(bom)))
    names = {one["name"] for one in bom["components"]}
    assert {"EC key of client_1 for sig", "RSA key of client_1 for enc"} <= names
    assert any(one["bom-ref"].startswith("key-file/") for one in bom["components"])


def test_every_algorithm_that_a_policy_can_name_is_known():
    assert {kind.value for kind in Kind} <= set(_ALGORITHMS)
    assert set(get_args(get_args(get_type_hints(OAuth)["client_algorithms"])[0])) <= set(_ALGORITHMS)


def test_what_the_schema_does_not_know_would_be_found():
    with pytest.raises(jsonschema_rs.ValidationError):
        jsonschema_rs.validator_for(BOM).validate({"bomFormat": "CycloneDX", "specVersion": "1.6", "more": 1})
