"""What Vault's transit engine says over HTTP, as its API documentation has it, for the requests that we make.

No Vault and no OpenBao can be had where these tests run: neither comes as a package that needs no download of a
binary. So this is a stand-in. It shows that our side speaks the protocol; it does not show that a real server
agrees. It is strict where Vault is: unknown parameters, missing ones, and base64 that is none are refused.
"""

import base64
import json
import os
import threading
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

TOKEN = "hvs.test"

_MADE = {
    "ecdsa-p256": lambda _: ec.generate_private_key(ec.SECP256R1()),
    "rsa-3072": lambda _: rsa.generate_private_key(65537, 3072),
    "ed25519": lambda _: ed25519.Ed25519PrivateKey.generate(),
    "aes256-gcm96": lambda _: os.urandom(32),
    "hmac": lambda body: os.urandom(body["key_size"]),
}

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
"""Vault's for RSA, where no other is asked for."""

_KNOWN = {
    "keys": {"type", "exportable", "allow_plaintext_backup", "key_size"},
    "config": {"deletion_allowed"},
    "sign": {"input", "hash_algorithm", "marshaling_algorithm", "signature_algorithm", "salt_length"},
    "hmac": {"input"},
    "encrypt": {"plaintext", "associated_data"},
    "decrypt": {"ciphertext", "associated_data"},
}


class Bad(Exception):
    def __init__(self, status: int, *errors: str) -> None:
        self.status, self.errors = status, errors


class TransitServer:
    """Use as a context; `url` is where it listens."""

    def __init__(self) -> None:
        self.keys: dict[str, dict[str, Any]] = {}
        self.sealed = False
        ours = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                return

            def _answer(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                raw = self.rfile.read(length)
                try:
                    ours.admit(self.headers)
                    data = ours.answer(self.command, self.path, json.loads(raw) if raw else {})
                    status, content = (200, {"request_id": "r", "data": data}) if data is not None else (204, None)
                except Bad as bad:
                    status, content = bad.status, {"errors": list(bad.errors)}
                body = b"" if content is None else json.dumps(content).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - the base class's names

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def admit(self, headers: Message) -> None:
        if self.sealed:
            raise Bad(503, "Vault is sealed")
        if headers.get("X-Vault-Token") != TOKEN:
            raise Bad(403, "permission denied")
        if headers.get("X-Vault-Request") != "true":
            raise Bad(400, "missing required Vault header")

    def answer(self, method: str, path: str, body: dict[str, Any]) -> Any:  # noqa: C901 - one case a path
        parts = path.removeprefix("/v1/transit/").split("/")
        kind = "config" if parts[-1] == "config" else parts[0]
        if unknown := set(body) - _KNOWN.get(kind, set()):
            raise Bad(400, f"unknown parameters {unknown}")
        match method, parts:
            case "POST", ["keys", name]:
                if body["type"] not in _MADE:
                    raise Bad(400, f"unknown key type {body['type']}")
                self.keys.setdefault(name, {"type": body["type"], "key": _MADE[body["type"]](body), "deletable": False})
                return {"name": name}
            case "GET", ["keys", name]:
                return {"name": name, "type": self._key(name, 404)["type"], "keys": {"1": self._public(name)}}
            case "POST", ["keys", name, "config"]:
                self._key(name)["deletable"] = body["deletion_allowed"]
                return None
            case "DELETE", ["keys", name]:
                if not self._key(name)["deletable"]:
                    raise Bad(400, "deletion is not allowed for this key")
                del self.keys[name]
                return None
            case "POST", ["sign", name]:
                return {"signature": _wrapped(self._signed(name, body)), "key_version": 1}
            case "POST", ["hmac", name, "sha2-256"]:
                made = hmac.HMAC(self._of(name, "hmac"), hashes.SHA256())
                made.update(_bytes(body["input"]))
                return {"hmac": _wrapped(made.finalize())}
            case "POST", ["encrypt", name]:
                nonce = os.urandom(12)
                sealed = AESGCM(self._of(name, "aes256-gcm96")).encrypt(
                    nonce, _bytes(body["plaintext"]), _bytes(body["associated_data"])
                )
                return {"ciphertext": _wrapped(nonce + sealed), "key_version": 1}
            case "POST", ["decrypt", name]:
                return {"plaintext": _text(self._opened(name, body))}
        raise Bad(404)

    def _opened(self, name: str, body: dict[str, Any]) -> bytes:
        ciphertext = body["ciphertext"]
        if not ciphertext.startswith("vault:v1:"):
            raise Bad(400, "invalid ciphertext: no prefix")
        raw = _bytes(ciphertext.removeprefix("vault:v1:"))
        found = self._key(name)["key"]
        if isinstance(found, rsa.RSAPrivateKey):
            try:
                return found.decrypt(raw, OAEP)
            except ValueError:
                raise Bad(400, "failed to RSA decrypt the ciphertext") from None
        try:
            return AESGCM(self._of(name, "aes256-gcm96")).decrypt(raw[:12], raw[12:], _bytes(body["associated_data"]))
        except (InvalidTag, ValueError):
            raise Bad(400, "cipher: message authentication failed") from None

    def _signed(self, name: str, body: dict[str, Any]) -> bytes:
        key, data = self._key(name)["key"], _bytes(body["input"])
        match key:
            case ec.EllipticCurvePrivateKey():
                assert body["marshaling_algorithm"] == "asn1"
                return key.sign(data, ec.ECDSA(hashes.SHA256()))
            case rsa.RSAPrivateKey() if body["signature_algorithm"] == "pkcs1v15":
                return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
            case rsa.RSAPrivateKey():
                salt = {"hash": padding.PSS.DIGEST_LENGTH, "auto": padding.PSS.MAX_LENGTH}[
                    body.get("salt_length", "auto")
                ]
                assert body["signature_algorithm"] == "pss"
                return key.sign(data, padding.PSS(padding.MGF1(hashes.SHA256()), salt), hashes.SHA256())
            case ed25519.Ed25519PrivateKey():
                return key.sign(data)
        raise Bad(400, "key type does not support signing")

    def _public(self, name: str) -> Any:
        key = self.keys[name]["key"]
        if isinstance(key, bytes):
            return 1_700_000_000
        if isinstance(key, ed25519.Ed25519PrivateKey):
            return {"public_key": _text(key.public_key().public_bytes_raw())}
        pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return {"public_key": pem.decode()}

    def _key(self, name: str, status: int = 400) -> dict[str, Any]:
        if name not in self.keys:
            raise Bad(status, *([] if status == 404 else ["signing key not found"]))
        return self.keys[name]

    def _of(self, name: str, kind: str) -> bytes:
        found = self._key(name)
        if found["type"] != kind:
            raise Bad(400, f"key type {found['type']} does not support it")
        return found["key"]


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise Bad(400, "illegal base64 data") from None


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _wrapped(data: bytes) -> str:
    return f"vault:v1:{_text(data)}"
