"""Keys in AWS KMS: they are made there and never leave it.  RFC 7518 §3.3, §3.4, §3.5.

A key is found again by its alias, which is its label; an encryption context binds what is wrapped.
"""

import base64
import hashlib
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ringfence.keys.backend import BackendFailed, BackendGone
from ringfence.keys.providers.local import RSA_BITS, raw_es256
from ringfence.keys.purposes import PAIRS, Kind

SECONDS: Final = 3.0
"""For one attempt; there are two."""

WINDOW_DAYS: Final = 7
"""KMS destroys a key no sooner; until then it can be called back."""

_SPECS: Final[dict[Kind, tuple[str, str]]] = {
    Kind.ES256: ("ECC_NIST_P256", "SIGN_VERIFY"),
    Kind.PS256: ("RSA_3072", "SIGN_VERIFY"),
    Kind.RS256: ("RSA_3072", "SIGN_VERIFY"),
    Kind.AES256: ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
    Kind.HMAC256: ("HMAC_256", "GENERATE_VERIFY_MAC"),
    Kind.OAEP256: ("RSA_3072", "ENCRYPT_DECRYPT"),
}

_ALGORITHMS: Final = {
    Kind.ES256: "ECDSA_SHA_256",
    Kind.PS256: "RSASSA_PSS_SHA_256",
    Kind.RS256: "RSASSA_PKCS1_V1_5_SHA_256",
}

_OURS: Final = frozenset(
    {
        "NotFoundException",
        "DisabledException",
        "KMSInvalidStateException",
        "InvalidCiphertextException",
        "IncorrectKeyException",
        "InvalidKeyUsageException",
        "UnsupportedOperationException",
        "ValidationException",
    }
)
"""What trying again does not mend; everything else (throttling, failures, missing rights) may pass."""

LONGEST_MESSAGE: Final = 4096
"""Bytes that KMS signs as they are; longer ones, and none at all, are sent as their digest."""


class AwsKmsKeys:
    """The provider `aws_kms`; a handle is `kind|alias`."""

    name = "aws_kms"
    threads = 8

    def __init__(self, region: str, prefix: str, endpoint: str = "") -> None:
        """Make the client; nothing is called yet.

        Args:
            region: of AWS.
            prefix: before the label, in each alias.
            endpoint: another than the region's; empty for that.
        """
        self._prefix = f"alias/{prefix}"
        self._kms = boto3.client(
            "kms",
            region_name=region,
            endpoint_url=endpoint or None,
            config=Config(
                connect_timeout=SECONDS,
                read_timeout=SECONDS,
                retries={"total_max_attempts": 2, "mode": "standard"},
                max_pool_connections=self.threads,
            ),
        )

    def generate(self, kind: Kind, label: str) -> bytes:
        """Make a key in KMS and give it its alias, or find the one that has it."""
        if kind not in _SPECS:
            raise BackendFailed(f"no keys of {kind.value} in AWS KMS: name the purpose in signer.keep_local")
        alias = self._prefix + label
        handle = f"{kind.value}|{alias}".encode()
        if self._target(alias) is not None:
            return handle
        spec, usage = _SPECS[kind]
        made = self._call("create_key", KeySpec=spec, KeyUsage=usage, Description=f"Ringfence {label}")
        self._call("create_alias", AliasName=alias, TargetKeyId=made["KeyMetadata"]["KeyId"])
        return handle

    def adopt(self, secret: bytes, kind: Kind, label: str) -> bytes:  # noqa: ARG002 - as the protocol has it
        """Take no key from outside."""
        raise BackendFailed("no keys are imported into AWS KMS by us: name the purpose in signer.keep_local")

    def public(self, handle: bytes) -> bytes:
        """Return the public key."""
        kind, alias = _parts(handle)
        if kind not in PAIRS:
            return b""
        return bytes(self._call("get_public_key", KeyId=alias)["PublicKey"])

    def sign(self, handle: bytes, data: bytes) -> bytes:
        """Return the raw signature: of ECDSA, KMS returns DER."""
        kind, alias = _parts(handle)
        algorithm = _ALGORITHMS.get(kind)
        if algorithm is None:
            raise BackendFailed("this key does not sign")
        message: dict[str, Any] = {"Message": data, "MessageType": "RAW"}
        if not 0 < len(data) <= LONGEST_MESSAGE:
            message = {"Message": _sha256(data), "MessageType": "DIGEST"}
        made = bytes(self._call("sign", KeyId=alias, SigningAlgorithm=algorithm, **message)["Signature"])
        return raw_es256(made) if kind is Kind.ES256 else made

    def mac(self, handle: bytes, data: bytes) -> bytes:
        """Return HMAC-SHA256."""
        return bytes(
            self._call("generate_mac", KeyId=_of(handle, Kind.HMAC256), Message=data, MacAlgorithm="HMAC_SHA_256")[
                "Mac"
            ]
        )

    def wrap(self, handle: bytes, secret: bytes, context: bytes) -> bytes:
        """Return KMS's ciphertext; the context is its encryption context."""
        alias = _of(handle, Kind.AES256)
        made = self._call("encrypt", KeyId=alias, Plaintext=secret, EncryptionContext=_context(context))
        return bytes(made["CiphertextBlob"])

    def unwrap(self, handle: bytes, wrapped: bytes, context: bytes) -> bytes:
        """Return the secret."""
        alias = _of(handle, Kind.AES256)
        if not wrapped:
            raise BackendFailed("it does not open")
        opened = self._call("decrypt", KeyId=alias, CiphertextBlob=wrapped, EncryptionContext=_context(context))
        return bytes(opened["Plaintext"])

    def decrypt(self, handle: bytes, wrapped: bytes) -> bytes:
        """Return what was encrypted to the public key."""
        alias = _of(handle, Kind.OAEP256)
        if len(wrapped) != RSA_BITS // 8:
            raise BackendFailed("it does not open")
        opened = self._call("decrypt", KeyId=alias, CiphertextBlob=wrapped, EncryptionAlgorithm="RSAES_OAEP_SHA_256")
        return bytes(opened["Plaintext"])

    def destroy(self, handle: bytes) -> None:
        """Have KMS destroy the key after its window, and take its alias away: nothing of ours reaches it any more."""
        _, alias = _parts(handle)
        target = self._target(alias)
        if target is None:
            return
        self._call("schedule_key_deletion", KeyId=target, PendingWindowInDays=WINDOW_DAYS)
        self._call("delete_alias", AliasName=alias)

    def close(self) -> None:
        """Hang up."""
        self._kms.close()

    def _target(self, alias: str) -> str | None:
        try:
            return str(self._call("describe_key", KeyId=alias)["KeyMetadata"]["KeyId"])
        except BackendFailed:
            return None

    def _call(self, verb: str, **arguments: Any) -> Any:
        try:
            return getattr(self._kms, verb)(**arguments)
        except ClientError as why:
            code = why.response.get("Error", {}).get("Code", "")
            if code in _OURS:
                raise BackendFailed(f"AWS KMS {verb}: {code}") from None
            raise BackendGone(f"AWS KMS {verb}: {code}") from None
        except BotoCoreError as why:
            raise BackendGone(f"AWS KMS {verb}: {type(why).__name__}") from None


def _parts(handle: bytes) -> tuple[Kind, str]:
    kind, _, alias = handle.decode("utf-8", "replace").partition("|")
    if not alias:
        raise BackendFailed("the key is gone")
    return Kind(kind), alias


def _of(handle: bytes, kind: Kind) -> str:
    found, alias = _parts(handle)
    if found is not kind:
        raise BackendFailed(f"this is no key of {kind.value}")
    return alias


def _context(context: bytes) -> dict[str, str]:
    """Return the encryption context: text, and in the clear in CloudTrail, so it is a digest."""
    return {"ringfence": base64.b64encode(_sha256(context)).decode("ascii")}


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
