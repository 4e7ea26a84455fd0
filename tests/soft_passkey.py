"""A passkey in software, written from the specification and not from the library that verifies it.  Web Authentication Level 3 §6."""

import base64
import hashlib
import json
import secrets
import struct
from dataclasses import dataclass, field

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

UP, UV, BE, BS, AT = 1, 4, 8, 16, 64
Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def number(value: int, length: int) -> bytes:
    return value.to_bytes(length, "big")


@dataclass
class SoftPasskey:
    """One credential with its key, its counter, and what it says of itself."""

    rp_id: str
    origin: str
    key: Key = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    count: int = 0
    handle: bytes = b""

    @property
    def name(self) -> str:
        return b64(self.credential_id)

    def cose(self) -> bytes:
        public = self.key.public_key()
        if isinstance(public, ec.EllipticCurvePublicKey):
            point = public.public_numbers()
            return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: number(point.x, 32), -3: number(point.y, 32)})
        if isinstance(public, ed25519.Ed25519PublicKey):
            return cbor2.dumps({1: 1, 3: -8, -1: 6, -2: public.public_bytes(Encoding.Raw, PublicFormat.Raw)})
        numbers = public.public_numbers()
        return cbor2.dumps({1: 3, 3: -257, -1: number(numbers.n, 256), -2: number(numbers.e, 3)})

    def sign(self, data: bytes) -> bytes:
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(data, ec.ECDSA(SHA256()))
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            return self.key.sign(data)
        return self.key.sign(data, padding.PKCS1v15(), SHA256())

    def client_data(self, kind: str, challenge: str, **changes: object) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False} | changes
        return json.dumps({name: value for name, value in said.items() if value is not None}).encode()

    def data(self, flags: int, rp_id: str | None = None, more: bytes = b"") -> bytes:
        rp_hash = hashlib.sha256((rp_id or self.rp_id).encode()).digest()
        return rp_hash + bytes([flags]) + struct.pack(">I", self.count) + more

    def create(
        self,
        challenge: str,
        *,
        flags: int = UP | UV,
        cose: bytes | None = None,
        form: str = "none",
        statement: dict | None = None,
        rp_id: str | None = None,
        **changes: object,
    ) -> str:
        """Return what the page's script posts after `navigator.credentials.create`."""
        inner = bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id + (cose or self.cose())
        attested = {"fmt": form, "attStmt": statement or {}, "authData": self.data(flags | AT, rp_id, inner)}
        response = {
            "clientDataJSON": b64(self.client_data("webauthn.create", challenge, **changes)),
            "attestationObject": b64(cbor2.dumps(attested)),
        }
        return json.dumps({"id": self.name, "type": "public-key", "response": response})

    def get(
        self,
        challenge: str,
        *,
        flags: int = UP | UV,
        rp_id: str | None = None,
        kind: str = "webauthn.get",
        **changes: object,
    ) -> str:
        """Return what the page's script posts after `navigator.credentials.get`."""
        client_data, data = self.client_data(kind, challenge, **changes), self.data(flags, rp_id)
        response = {
            "clientDataJSON": b64(client_data),
            "authenticatorData": b64(data),
            "signature": b64(self.sign(data + hashlib.sha256(client_data).digest())),
        }
        if self.handle:
            response["userHandle"] = b64(self.handle)
        return json.dumps({"id": self.name, "type": "public-key", "response": response})
