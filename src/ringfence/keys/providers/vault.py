"""Keys in the transit engine of HashiCorp Vault or OpenBao: they are made there and never leave it.  RFC 7518 §3.3, §3.4, §3.5."""

import base64
from pathlib import Path
from typing import Any, Final

import hvac
import requests
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from hvac.exceptions import Forbidden, InvalidPath, InvalidRequest, Unauthorized, VaultError

from ringfence.keys.backend import BackendFailed, BackendGone
from ringfence.keys.providers.local import raw_es256
from ringfence.keys.purposes import PAIRS, Kind

SECONDS: Final = 5.0

_TYPES: Final = {
    Kind.ES256: "ecdsa-p256",
    Kind.PS256: "rsa-3072",
    Kind.RS256: "rsa-3072",
    Kind.EDDSA: "ed25519",
    Kind.AES256: "aes256-gcm96",
    Kind.HMAC256: "hmac",
    Kind.OAEP256: "rsa-3072",
}

_SIGN: Final[dict[Kind, dict[str, Any]]] = {
    Kind.ES256: {"hash_algorithm": "sha2-256", "marshaling_algorithm": "asn1"},
    Kind.PS256: {"hash_algorithm": "sha2-256", "signature_algorithm": "pss", "salt_length": "hash"},
    Kind.RS256: {"hash_algorithm": "sha2-256", "signature_algorithm": "pkcs1v15"},
    Kind.EDDSA: {},
}
"""Vault's default salt is as long as it can be; RFC 7518 §3.5 wants the digest's length."""

HMAC_BYTES: Final = 32


class VaultKeys:
    """The provider `vault`; a handle is `kind|name`. Keys of ours have one version: a new one is a key of its own."""

    name = "vault"
    threads = 8

    def __init__(self, url: str, token_file: Path, mount: str = "transit", authority: Path | None = None) -> None:
        """Make the client; nothing is called yet.

        Args:
            url: of the server.
            token_file: read before each call, as an agent renews it.
            mount: of the transit engine.
            authority: PEM file that its certificate is verified by; None for the usual.
        """
        self._token_file = token_file
        self._mount = mount
        self._session = requests.Session()
        self._session.trust_env = False
        adapter = requests.adapters.HTTPAdapter(pool_maxsize=self.threads)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)
        verify = str(authority) if authority else True
        self._session.verify = verify
        self._vault = hvac.Client(
            url=url, verify=verify, timeout=int(SECONDS), session=self._session, allow_redirects=False
        )

    def generate(self, kind: Kind, label: str) -> bytes:
        """Make a key in Vault; one of that name that is there already stays."""
        if kind not in _TYPES:
            raise BackendFailed(f"no keys of {kind.value} in transit engines: name the purpose in signer.keep_local")
        more: dict[str, Any] = {"key_size": HMAC_BYTES} if kind is Kind.HMAC256 else {}
        self._write(f"keys/{label}", type=_TYPES[kind], exportable=False, allow_plaintext_backup=False, **more)
        return f"{kind.value}|{label}".encode()

    def adopt(self, secret: bytes, kind: Kind, label: str) -> bytes:  # noqa: ARG002 - as the protocol has it
        """Take no key from outside."""
        raise BackendFailed("no keys are imported into transit engines by us: name the purpose in signer.keep_local")

    def public(self, handle: bytes) -> bytes:
        """Return the public key: of Ed25519 Vault gives 32 bytes in base64, of others PEM."""
        kind, label = _parts(handle)
        if kind not in PAIRS:
            return b""
        found = self._call("GET", f"keys/{label}")["keys"]["1"]["public_key"]
        if kind is Kind.EDDSA:
            return _ED25519_SPKI + base64.b64decode(found)
        return load_pem_public_key(found.encode()).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, handle: bytes, data: bytes) -> bytes:
        """Return the raw signature."""
        kind, label = _parts(handle)
        how = _SIGN.get(kind)
        if how is None:
            raise BackendFailed("this key does not sign")
        made = _decoded(self._write(f"sign/{label}", input=_text(data), **how)["signature"])
        return raw_es256(made) if kind is Kind.ES256 else made

    def mac(self, handle: bytes, data: bytes) -> bytes:
        """Return HMAC-SHA256."""
        label = _of(handle, Kind.HMAC256)
        return _decoded(self._write(f"hmac/{label}/sha2-256", input=_text(data))["hmac"])

    def wrap(self, handle: bytes, secret: bytes, context: bytes) -> bytes:
        """Return Vault's ciphertext `vault:v1:…`; the context is associated data."""
        label = _of(handle, Kind.AES256)
        made = self._write(f"encrypt/{label}", plaintext=_text(secret), associated_data=_text(context))
        return str(made["ciphertext"]).encode("ascii")

    def unwrap(self, handle: bytes, wrapped: bytes, context: bytes) -> bytes:
        """Return the secret."""
        label = _of(handle, Kind.AES256)
        ciphertext = wrapped.decode("ascii", "replace")
        opened = self._write(f"decrypt/{label}", ciphertext=ciphertext, associated_data=_text(context))
        return base64.b64decode(opened["plaintext"])

    def decrypt(self, handle: bytes, wrapped: bytes) -> bytes:
        """Return what was encrypted to the public key: Vault's padding for RSA is OAEP with SHA-256."""
        label = _of(handle, Kind.OAEP256)
        opened = self._write(f"decrypt/{label}", ciphertext=f"vault:v1:{_text(wrapped)}")
        return base64.b64decode(opened["plaintext"])

    def destroy(self, handle: bytes) -> None:
        """Destroy the key; Vault lets a key go only after it was told that it may."""
        _, label = _parts(handle)
        try:
            self._call("GET", f"keys/{label}")
        except BackendFailed:
            return  # it is gone already
        self._write(f"keys/{label}/config", deletion_allowed=True)
        self._call("DELETE", f"keys/{label}")

    def close(self) -> None:
        """Hang up."""
        self._session.close()

    def _write(self, path: str, **body: Any) -> Any:
        return self._call("POST", path, body)

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        try:
            self._vault.token = self._token_file.read_text("utf-8").strip()
            answer = self._vault.adapter.request(method, f"v1/{self._mount}/{path}", json=body)
        except (InvalidRequest, InvalidPath) as why:
            raise BackendFailed(f"Vault {path.partition('/')[0]}: {type(why).__name__}") from None
        except (Forbidden, Unauthorized, VaultError, requests.RequestException, OSError) as why:
            raise BackendGone(f"Vault {path.partition('/')[0]}: {type(why).__name__}") from None
        return answer.get("data") if isinstance(answer, dict) else None


_ED25519_SPKI: Final = bytes.fromhex("302a300506032b6570032100")
"""What stands before the 32 bytes of an Ed25519 public key in DER.  RFC 8410 §4."""


def _parts(handle: bytes) -> tuple[Kind, str]:
    kind, _, label = handle.decode("utf-8", "replace").partition("|")
    if not label:
        raise BackendFailed("the key is gone")
    return Kind(kind), label


def _of(handle: bytes, kind: Kind) -> str:
    found, label = _parts(handle)
    if found is not kind:
        raise BackendFailed(f"this is no key of {kind.value}")
    return label


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _decoded(answer: str) -> bytes:
    """Return the bytes behind Vault's `vault:v1:`.  Raises BackendFailed."""
    try:
        _, _, encoded = answer.split(":", 2)
        return base64.b64decode(encoded, validate=True)
    except ValueError:
        raise BackendFailed("Vault answered something else than was asked") from None
