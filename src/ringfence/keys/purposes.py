"""What keys are for: one row a purpose, with its algorithm and the roles that may ask. A new purpose is a row here."""

import enum
from typing import Final

import msgspec


class Use(enum.StrEnum):
    """What is done with the keys of a purpose."""

    TOKEN = "token"  # noqa: S105 - a kind of use
    """Signs compact JWS, whose header the signer writes (RFC 7515 §7.1)."""
    SIGNATURE = "signature"
    """Signs bytes as they are."""
    WRAP = "wrap"
    """A KEK: wraps data keys."""
    MAC = "mac"
    OPEN = "open"
    """Opens the content keys that others seal to its public key."""


class Kind(enum.StrEnum):
    """What a key is; for those that sign, the JWS algorithm."""

    ES256 = "ES256"
    PS256 = "PS256"
    RS256 = "RS256"
    """For security events only: what their receivers take (CAEP Interoperability Profile §2.6)."""
    EDDSA = "EdDSA"
    """Ed25519 (RFC 8037 §3.1)."""
    ML_DSA_44 = "ML-DSA-44"
    """FIPS 204, level 2: stands against a quantum computer; a signature has 2,420 bytes."""
    AES256 = "A256GCM"
    HMAC256 = "HS256"
    OAEP256 = "RSA-OAEP-256"
    """RFC 7518 §4.3."""
    HYBRID = "MLKEM768-X25519"
    """HPKE by ML-KEM-768 and X25519 together: see `keys.providers.hybrid`."""


SIGNING: Final = frozenset({Kind.ES256, Kind.PS256, Kind.RS256, Kind.EDDSA, Kind.ML_DSA_44})

PAIRS: Final = SIGNING | {Kind.OAEP256}
"""Kinds of which there is a public key."""

WRAPPING: Final = frozenset({Kind.AES256, Kind.HYBRID})

TOKEN_ALGORITHMS: Final = frozenset({Kind.ES256, Kind.PS256})
"""FAPI 2.0 SP §5.4.1-1 and what `ring.public_jwk` publishes."""


class Purpose(msgspec.Struct, frozen=True):
    """One purpose."""

    use: Use
    kind: Kind
    """Of new keys, unless the policy says otherwise."""
    roles: frozenset[str]
    """Roles whose sockets take requests for it."""
    about: str
    of_log: bool = False
    """Of the audit log. Who verifies it holds its one key, so no schedule replaces it; and uses are told once an hour,
    because what is told goes into the log, and the log is signed again."""


PURPOSES: Final[dict[str, Purpose]] = {
    "token": Purpose(Use.TOKEN, Kind.ES256, frozenset({"oauth"}), "access tokens, ID tokens, signed responses"),
    "set": Purpose(Use.TOKEN, Kind.RS256, frozenset({"oauth"}), "security event tokens to partners (RFC 8417)"),
    "message-signature": Purpose(
        Use.SIGNATURE, Kind.ES256, frozenset({"gateway", "oauth"}), "signatures on HTTP messages (RFC 9421)"
    ),
    "checkpoint": Purpose(
        Use.SIGNATURE,
        Kind.EDDSA,
        frozenset({"audit", "admin", "watch"}),
        "checkpoints of the audit log",
        of_log=True,
    ),
    "checkpoint-pq": Purpose(
        Use.SIGNATURE,
        Kind.ML_DSA_44,
        frozenset({"audit"}),
        "second signatures on checkpoints, where `audit.post_quantum` asks for them",
        of_log=True,
    ),
    "data": Purpose(
        Use.WRAP,
        Kind.AES256,
        frozenset({"gateway", "audit"}),
        "data keys of fields and persons",
    ),
    "index": Purpose(Use.MAC, Kind.HMAC256, frozenset({"gateway", "admin"}), "blind indexes and keyed hashes"),
    "payload": Purpose(
        Use.OPEN, Kind.OAEP256, frozenset({"gateway"}), "content keys of payloads that partners seal to us (RFC 7516)"
    ),
}

ROLES: Final = ("oauth", "admin", "gateway", "watch", "audit")
"""Each has a socket of its own to the signer."""

PERSONS: Final = "audit.persons"
"""What the data key stands for that the audit log keeps its persons' keys under."""

HOLDERS: Final = {PERSONS: "audit"}
"""The one role that data keys of a field are made for, opened for, and forgotten by."""

FIELDS_HOLDER: Final = "gateway"
"""Holds those of all other fields."""
