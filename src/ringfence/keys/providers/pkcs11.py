"""Keys in a device that speaks PKCS#11: they are made there and never leave it.  RFC 7518 §3.4, §3.5.

The library is used from one thread only: python-pkcs11 initialises it without the locks that several would need.
"""

import hashlib
from pathlib import Path
from typing import Any, Final

import pkcs11
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from pkcs11 import Attribute, GCMParams, KeyType, Mechanism, ObjectClass
from pkcs11.mechanisms import MGF
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters
from pkcs11.util.rsa import encode_rsa_public_key

from ringfence.ids import Random
from ringfence.keys.backend import BackendFailed, BackendGone
from ringfence.keys.purposes import Kind
from ringfence.secret import Secret

NONCE_BYTES: Final = 12
TAG_BITS: Final = 128
RSA_BITS: Final = 3072
_SHA256_BYTES: Final = 32

_GONE: Final = (
    pkcs11.DeviceError,
    pkcs11.DeviceRemoved,
    pkcs11.TokenNotPresent,
    pkcs11.SessionHandleInvalid,
    pkcs11.SessionClosed,
    pkcs11.UserNotLoggedIn,
    pkcs11.GeneralError,
)
"""After one of these, a session of its own is tried once; then the device counts as gone."""

_SIGN: Final[dict[Kind, tuple[Mechanism, Any]]] = {
    Kind.ES256: (Mechanism.ECDSA, None),
    Kind.PS256: (Mechanism.SHA256_RSA_PKCS_PSS, (Mechanism.SHA256, MGF.SHA256, _SHA256_BYTES)),
}

_HIDDEN: Final = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.PRIVATE: True}


class Pkcs11Keys:
    """The provider `pkcs11`; a handle is `kind|label`."""

    name = "pkcs11"
    threads = 1

    def __init__(self, library: Path, token: str, pin: Secret, random: Random) -> None:
        """Take where the device is; it is opened when it is first used, on the thread that uses it."""
        self._library = library
        self._token = token
        self._pin = pin
        self._random = random
        self._session: pkcs11.Session | None = None
        self._objects: dict[tuple[bytes, ObjectClass], Any] = {}

    def generate(self, kind: Kind, label: str) -> bytes:
        """Make a key in the device, or find the one of that label: an earlier attempt was interrupted."""
        handle = f"{kind.value}|{label}".encode()
        self._tried(lambda: self._make(kind, label, handle))
        return handle

    def adopt(self, secret: bytes, kind: Kind, label: str) -> bytes:  # noqa: ARG002 - as the protocol has it
        """Take no key from outside."""
        raise BackendFailed("no keys are imported into this device by us: name the purpose in signer.keep_local")

    def public(self, handle: bytes) -> bytes:
        """Return the public key."""
        kind = _kind(handle)
        if kind is Kind.ES256:
            return bytes(self._tried(lambda: encode_ec_public_key(self._object(handle, ObjectClass.PUBLIC_KEY))))
        if kind is Kind.PS256:
            return _spki(self._tried(lambda: encode_rsa_public_key(self._object(handle, ObjectClass.PUBLIC_KEY))))
        return b""

    def sign(self, handle: bytes, data: bytes) -> bytes:
        """Return the raw signature: PKCS#11 has r and s for ECDSA as RFC 7518 has them."""
        how = _SIGN.get(_kind(handle))
        if how is None:
            raise BackendFailed("this key does not sign")
        mechanism, parameters = how
        if mechanism is Mechanism.ECDSA:  # every device has the one over a digest
            data = hashlib.sha256(data).digest()
        return bytes(
            self._tried(
                lambda: self._object(handle, ObjectClass.PRIVATE_KEY).sign(
                    data, mechanism=mechanism, mechanism_param=parameters
                )
            )
        )

    def mac(self, handle: bytes, data: bytes) -> bytes:
        """Return HMAC-SHA256."""
        _must_be(handle, Kind.HMAC256)
        return bytes(
            self._tried(
                lambda: self._object(handle, ObjectClass.SECRET_KEY).sign(data, mechanism=Mechanism.SHA256_HMAC)
            )
        )

    def wrap(self, handle: bytes, secret: bytes, context: bytes) -> bytes:
        """Return nonce and AES-256-GCM ciphertext; the context is associated data."""
        _must_be(handle, Kind.AES256)
        nonce = self._random(NONCE_BYTES)
        sealed = self._tried(
            lambda: self._object(handle, ObjectClass.SECRET_KEY).encrypt(
                secret, mechanism=Mechanism.AES_GCM, mechanism_param=GCMParams(nonce, context, TAG_BITS)
            )
        )
        return nonce + bytes(sealed)

    def unwrap(self, handle: bytes, wrapped: bytes, context: bytes) -> bytes:
        """Return the secret."""
        _must_be(handle, Kind.AES256)
        nonce, sealed = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
        if len(sealed) < TAG_BITS // 8:
            raise BackendFailed("it does not open")
        key = self._tried(lambda: self._object(handle, ObjectClass.SECRET_KEY))
        try:
            opened = key.decrypt(
                sealed, mechanism=Mechanism.AES_GCM, mechanism_param=GCMParams(nonce, context, TAG_BITS)
            )
        except pkcs11.PKCS11Error as why:
            # devices tell a bad tag as one of several errors, the general one among them: see that it is still there
            self._tried(lambda: self._live().generate_random(8))
            raise BackendFailed(f"it does not open ({type(why).__name__})") from None
        return bytes(opened)

    def destroy(self, handle: bytes) -> None:
        """Destroy the key in the device."""

        def gone() -> None:
            for kind in (ObjectClass.PRIVATE_KEY, ObjectClass.PUBLIC_KEY, ObjectClass.SECRET_KEY):
                self._objects.pop((handle, kind), None)
                for found in self._found(handle, kind):
                    found.destroy()

        self._tried(gone)

    def close(self) -> None:
        """Log out."""
        self._objects.clear()
        if self._session is not None:
            self._session.close()
            self._session = None

    def _make(self, kind: Kind, label: str, handle: bytes) -> None:
        session = self._live()
        identity = handle
        wanted = ObjectClass.SECRET_KEY if kind in {Kind.AES256, Kind.HMAC256} else ObjectClass.PRIVATE_KEY
        if self._found(handle, wanted):
            return
        match kind:
            case Kind.ES256:
                curve = session.create_domain_parameters(
                    KeyType.EC, {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}, local=True
                )
                curve.generate_keypair(id=identity, label=label, store=True, private_template=_HIDDEN)
            case Kind.PS256:
                session.generate_keypair(
                    KeyType.RSA, RSA_BITS, id=identity, label=label, store=True, private_template=_HIDDEN
                )
            case Kind.AES256:
                session.generate_key(KeyType.AES, 256, id=identity, label=label, store=True, template=_HIDDEN)
            case Kind.HMAC256:
                session.generate_key(
                    KeyType.GENERIC_SECRET,
                    256,
                    id=identity,
                    label=label,
                    store=True,
                    mechanism=Mechanism.GENERIC_SECRET_KEY_GEN,
                    template=_HIDDEN | {Attribute.SIGN: True, Attribute.VERIFY: True},
                )
            case _:
                raise BackendFailed(f"no keys of {kind.value} in this device: name the purpose in signer.keep_local")

    def _live(self) -> pkcs11.Session:
        if self._session is None:
            try:
                token = pkcs11.lib(str(self._library)).get_token(token_label=self._token)
                self._session = token.open(rw=True, user_pin=self._pin.reveal())
            except (pkcs11.PKCS11Error, RuntimeError) as why:
                raise BackendGone(f"PKCS#11 token {self._token}: {type(why).__name__}") from None
        return self._session

    def _object(self, handle: bytes, kind: ObjectClass) -> Any:
        known = self._objects.get((handle, kind))
        if known is None:
            found = self._found(handle, kind)
            if len(found) != 1:
                raise BackendFailed("the key is not in the device")
            known = self._objects[handle, kind] = found[0]
        return known

    def _found(self, handle: bytes, kind: ObjectClass) -> list[Any]:
        return list(self._live().get_objects({Attribute.ID: handle, Attribute.CLASS: kind}))

    def _tried(self, work: Any) -> Any:
        """Do it, once more in a new session where the old one was lost."""
        try:
            return work()
        except _GONE:
            self._lose()
        except pkcs11.PKCS11Error as why:
            raise BackendFailed(f"PKCS#11: {type(why).__name__}") from None
        try:
            return work()
        except pkcs11.PKCS11Error as why:
            self._lose()
            raise BackendGone(f"PKCS#11 token {self._token}: {type(why).__name__}") from None

    def _lose(self) -> None:
        self._objects.clear()
        session, self._session = self._session, None
        try:
            if session is not None:
                session.close()
        except pkcs11.PKCS11Error:
            return  # it was lost already


def _kind(handle: bytes) -> Kind:
    try:
        return Kind(handle.split(b"|", 1)[0].decode())
    except ValueError:
        raise BackendFailed("the key is gone") from None


def _must_be(handle: bytes, kind: Kind) -> None:
    if _kind(handle) is not kind:
        raise BackendFailed(f"this is no key of {kind.value}")


def _spki(pkcs1: bytes) -> bytes:
    """Return an RSA public key as RFC 5280 §4.1 has it, from PKCS#1."""
    return load_der_public_key(pkcs1).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
