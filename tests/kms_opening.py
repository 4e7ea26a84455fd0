"""What AWS KMS does with a ciphertext of an RSA key, as its API reference has it: moto opens its own format only.

So of this verb the real HTTP server shows that our request is one of the protocol, and what is here stands for the answer.
"""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from moto.kms.exceptions import InvalidCiphertextException, ValidationException
from moto.kms.responses import KmsResponse

_DIGESTS = {"RSAES_OAEP_SHA_1": hashes.SHA1, "RSAES_OAEP_SHA_256": hashes.SHA256}
_symmetric = KmsResponse.decrypt


def open_what_is_sealed(patched: pytest.MonkeyPatch) -> None:
    """Let moto's `Decrypt` open what is encrypted to a key pair; for other keys it stays as it is."""
    patched.setattr(KmsResponse, "decrypt", _decrypt)


def _decrypt(self: Any) -> str:
    named = self._get_param("KeyId")
    self._validate_key_id(named)
    backend = self.kms_backend
    key = backend.keys.get(backend.any_id_to_key_id(named))
    if key is None or not key.key_spec.startswith("RSA_"):
        return _symmetric(self)
    digest = _DIGESTS.get(self._get_param("EncryptionAlgorithm", "SYMMETRIC_DEFAULT"))
    if digest is None or key.key_usage != "ENCRYPT_DECRYPT" or self._get_param("EncryptionContext"):
        raise ValidationException("this is not how an RSA key opens")
    try:
        opened = key.private_key.private_key.decrypt(
            self._get_param("CiphertextBlob"), padding.OAEP(padding.MGF1(digest()), digest(), None)
        )
    except ValueError:
        raise InvalidCiphertextException from None
    return json.dumps({"Plaintext": base64.b64encode(opened).decode(), "KeyId": key.arn})
