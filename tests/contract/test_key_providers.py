"""Every key provider keeps the same promises: sealed keys here, a PKCS#11 device, AWS KMS, Vault's transit engine.

SoftHSM2 is a real PKCS#11 device in software, moto's server a real HTTP server with a KMS behind it, which was taught to
open what is sealed to an RSA key: see `tests/kms_opening.py`. For Vault there is a stand-in only: see
`tests/transit_server.py`.
"""

import hashlib
import hmac
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pkcs11 as library
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from moto.server import ThreadedMotoServer

from ringfence.ids import new_id, system_random
from ringfence.keys.backend import BackendFailed, BackendGone, KeyBackend
from ringfence.keys.providers.aws_kms import AwsKmsKeys
from ringfence.keys.providers.pkcs11 import Pkcs11Keys
from ringfence.keys.providers.sealed import SealedKeys
from ringfence.keys.providers.vault import VaultKeys
from ringfence.keys.purposes import SIGNING, WRAPPING, Kind
from ringfence.keys.ring import public_key
from tests import softhsm
from tests.kms_opening import open_what_is_sealed
from tests.transit_server import TOKEN, TransitServer

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)

LACKING = {
    *((name, Kind.EDDSA) for name in ("pkcs11", "aws_kms")),
    *((name, Kind.ML_DSA_44) for name in ("pkcs11", "aws_kms", "vault")),
    *((name, Kind.HYBRID) for name in ("pkcs11", "aws_kms", "vault")),
    ("pkcs11", Kind.OAEP256),
}


@pytest.fixture(scope="module")
def local() -> KeyBackend:
    return SealedKeys(b"r" * 32, system_random)


@pytest.fixture(scope="session")
def pkcs11(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyBackend]:
    if softhsm.library() is None:
        assert "CI" not in os.environ, "SoftHSM2 is not installed (Debian: softhsm2)"
        pytest.skip("SoftHSM2 is not installed (Debian: softhsm2)")
    library = softhsm.make_token(tmp_path_factory.mktemp("hsm"))
    keys = Pkcs11Keys(library, softhsm.TOKEN, softhsm.PIN, system_random)
    yield keys
    keys.close()


@pytest.fixture(scope="session")
def aws_kms() -> Iterator[KeyBackend]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    with pytest.MonkeyPatch.context() as patched:
        for name, value in (("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")):
            patched.setenv(name, value)
        open_what_is_sealed(patched)
        host, port = server.get_host_and_port()
        keys = AwsKmsKeys("eu-central-1", "ringfence/", f"http://{host}:{port}")
        yield keys
        keys.close()
    server.stop()


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyBackend]:
    token = tmp_path_factory.mktemp("vault") / "token"
    token.write_text(f"{TOKEN}\n")
    with TransitServer() as server:
        keys = VaultKeys(server.url, token)
        yield keys
        keys.close()


@pytest.fixture(params=["local", "pkcs11", "aws_kms", "vault"])
def backend(request: pytest.FixtureRequest) -> KeyBackend:
    return request.getfixturevalue(request.param)


def make(backend: KeyBackend, kind: Kind) -> bytes:
    if (backend.name, kind) in LACKING:
        with pytest.raises(BackendFailed, match="keep_local"):
            backend.generate(kind, new_id("key", system_random))
        pytest.skip(f"{backend.name} has no {kind}, and says so")
    return backend.generate(kind, new_id("key", system_random))


def verify(spki: bytes, signature: bytes, data: bytes, salt: int = 32, kind: Kind = Kind.PS256) -> None:
    key = public_key(spki)
    match key:
        case ec.EllipticCurvePublicKey():
            assert len(signature) == 64
            r, s = (int.from_bytes(half) for half in (signature[:32], signature[32:]))
            key.verify(encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
        case rsa.RSAPublicKey() if kind is Kind.RS256:
            key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        case rsa.RSAPublicKey():
            key.verify(signature, data, padding.PSS(padding.MGF1(hashes.SHA256()), salt), hashes.SHA256())
        case ed25519.Ed25519PublicKey() | mldsa.MLDSA44PublicKey():
            key.verify(signature, data)


@pytest.mark.parametrize("kind", sorted(SIGNING))
def test_signatures_verify_by_the_public_key_and_are_raw(backend: KeyBackend, kind: Kind) -> None:
    handle = make(backend, kind)
    public = backend.public(handle)
    sizes = (1, 4096) if backend.name == "aws_kms" else (0, 1, 4097, 70_000)  # moto does not sign digests
    for data in (b"x" * size for size in sizes):
        signature = backend.sign(handle, data)
        # moto's salt is as long as it can be; KMS's as long as the digest, as RFC 7518 §3.5 wants it
        salt = padding.PSS.AUTO if backend.name == "aws_kms" else 32
        verify(public, signature, data, salt, kind)
        with pytest.raises(InvalidSignature):
            verify(public, signature, data + b"!", salt, kind)
    assert backend.public(handle) == public


def test_many_ecdsa_signatures_keep_their_leading_zeros(backend: KeyBackend) -> None:
    handle = make(backend, Kind.ES256)
    public = backend.public(handle)
    for n in range(60):
        verify(public, backend.sign(handle, b"%d" % n), b"%d" % n)


def test_macs_are_of_their_key(backend: KeyBackend) -> None:
    one, two = (make(backend, Kind.HMAC256) for _ in range(2))
    made = backend.mac(one, b"data")
    assert len(made) == 32
    assert backend.mac(one, b"data") == made
    assert not hmac.compare_digest(backend.mac(two, b"data"), made)
    assert made != hashlib.sha256(b"data").digest()
    assert backend.public(one) == b""


def test_what_is_sealed_to_the_public_key_opens_by_its_key_only(backend: KeyBackend) -> None:
    one, two = (make(backend, Kind.OAEP256) for _ in range(2))
    signing = make(backend, Kind.PS256)
    public = public_key(backend.public(one))
    assert isinstance(public, rsa.RSAPublicKey)
    assert public.key_size == 3072
    sealed = public.encrypt(b"k" * 32, OAEP)
    assert backend.decrypt(one, sealed) == b"k" * 32
    sha1 = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
    flipped = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for handle, text in (
        (two, sealed),
        (one, flipped),
        (one, sealed[1:]),
        (one, b""),
        (one, public.encrypt(b"k" * 32, sha1)),
        (one, public.encrypt(b"k" * 32, padding.PKCS1v15())),
        (signing, public_key(backend.public(signing)).encrypt(b"k" * 32, OAEP)),
    ):
        with pytest.raises(BackendFailed):
            backend.decrypt(handle, text)
    with pytest.raises(BackendFailed):
        backend.sign(one, b"x")


def test_a_provider_without_keys_that_open_says_so_of_any_handle(backend: KeyBackend) -> None:
    for handle in (b"", b"ES256|key_none", b"RSA-OAEP-256|key_none"):
        with pytest.raises(BackendFailed):
            backend.decrypt(handle, b"x" * 384)


@pytest.mark.parametrize("kind", sorted(WRAPPING))
@pytest.mark.parametrize("secret", [b"k" * 32, b"x", b"s" * 4096])
def test_what_is_wrapped_opens_by_its_key_and_context_only(backend: KeyBackend, secret: bytes, kind: Kind) -> None:
    one, two = (make(backend, kind) for _ in range(2))
    wrapped = backend.wrap(one, secret, b"context")
    assert secret not in wrapped or len(secret) == 1
    assert backend.wrap(one, secret, b"context") != wrapped
    assert backend.unwrap(one, wrapped, b"context") == secret
    flipped = bytearray(wrapped)
    flipped[-3] ^= 1
    for handle, text, context in (
        (two, wrapped, b"context"),
        (one, wrapped, b"other"),
        (one, wrapped, b""),
        (one, bytes(flipped), b"context"),
        (one, wrapped[:-4], b"context"),
        (one, wrapped[:5], b"context"),
        (one, b"", b"context"),
    ):
        with pytest.raises(BackendGone if backend.name == "aws_kms" and handle is two else BackendFailed):
            backend.unwrap(handle, text, context)  # moto says "access denied" where KMS says "incorrect key"
    assert backend.unwrap(one, wrapped, b"context") == secret


def test_a_kek_from_outside_is_taken_by_local_keys_only(backend: KeyBackend) -> None:
    if backend.name != "local":
        with pytest.raises(BackendFailed, match="keep_local"):
            backend.adopt(b"k" * 32, Kind.AES256, "key_theirs")
        return
    handle = backend.adopt(b"k" * 32, Kind.AES256, "key_theirs")
    assert b"k" * 32 not in handle
    assert backend.unwrap(handle, backend.wrap(handle, b"secret", b"c"), b"c") == b"secret"
    for secret, kind in ((b"k" * 16, Kind.AES256), (b"k" * 32, Kind.HMAC256), (b"k" * 96, Kind.HYBRID)):
        with pytest.raises(BackendFailed):
            backend.adopt(secret, kind, "key_theirs")


def test_a_key_does_only_what_its_kind_does(backend: KeyBackend) -> None:
    signing, wrapping, mac = (make(backend, kind) for kind in (Kind.ES256, Kind.AES256, Kind.HMAC256))
    for act in (
        lambda: backend.sign(wrapping, b"x"),
        lambda: backend.sign(mac, b"x"),
        lambda: backend.mac(signing, b"x"),
        lambda: backend.mac(wrapping, b"x"),
        lambda: backend.wrap(signing, b"x", b""),
        lambda: backend.wrap(mac, b"x", b""),
        lambda: backend.unwrap(mac, b"x" * 60, b""),
    ):
        with pytest.raises(BackendFailed):
            act()


def test_making_a_key_again_finds_it(backend: KeyBackend) -> None:
    """An interrupted rotation makes the key of its label a second time: no second key may be in the device then."""
    label = new_id("key", system_random)
    first = backend.generate(Kind.ES256, label)
    if backend.name != "local":  # what local made is in the handle only, and goes with it
        public = backend.public(first)
        assert backend.generate(Kind.ES256, label) == first
        assert backend.public(first) == public


def test_a_destroyed_key_does_nothing_and_destroying_it_again_is_no_fault(backend: KeyBackend) -> None:
    handles = {kind: make(backend, kind) for kind in (Kind.ES256, Kind.AES256)}
    wrapped = backend.wrap(handles[Kind.AES256], b"secret", b"c")
    for handle in handles.values():
        backend.destroy(handle)
        backend.destroy(handle)
    if backend.name == "local":
        return  # the sealed key is the ledger's, which overwrites it: tests/unit/keys/test_ledger.py
    with pytest.raises(BackendFailed):
        backend.sign(handles[Kind.ES256], b"x")
    with pytest.raises(BackendFailed):
        backend.unwrap(handles[Kind.AES256], wrapped, b"c")


@pytest.mark.parametrize("handle", [b"", b"ES256|key_none", b"A256GCM|key_none", b"MLKEM768-X25519|key_none"])
def test_handles_of_no_key(backend: KeyBackend, handle: bytes) -> None:
    for act in (lambda: backend.sign(handle, b"x"), lambda: backend.unwrap(handle, b"x" * 40, b"c")):
        with pytest.raises(BackendFailed):
            act()


def test_as_many_threads_as_it_says(backend: KeyBackend) -> None:
    handle = make(backend, Kind.ES256)
    public = backend.public(handle)
    with ThreadPoolExecutor(max(1, backend.threads)) as threads:
        for n, signature in enumerate(threads.map(lambda n: backend.sign(handle, b"%d" % n), range(80))):
            verify(public, signature, b"%d" % n)


def test_a_service_that_is_gone_or_locked_is_told_apart_from_a_fault(tmp_path, monkeypatch) -> None:
    (tmp_path / "token").write_text("wrong")
    with TransitServer() as server:
        keys = VaultKeys(server.url, tmp_path / "token")
        with pytest.raises(BackendGone):
            keys.sign(b"ES256|k", b"x")
        (tmp_path / "token").write_text(TOKEN)
        with pytest.raises(BackendFailed):
            keys.sign(b"ES256|k", b"x")
        server.sealed = True
        with pytest.raises(BackendGone):
            keys.sign(b"ES256|k", b"x")
    with pytest.raises(BackendGone):
        keys.sign(b"ES256|k", b"x")
    (tmp_path / "token").unlink()
    with pytest.raises(BackendGone):
        keys.sign(b"ES256|k", b"x")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with pytest.raises(BackendGone):
        AwsKmsKeys("eu-central-1", "r/", "http://127.0.0.1:9").sign(b"ES256|alias/r/k", b"x")


def test_a_device_that_was_pulled_out_is_found_again(pkcs11: KeyBackend) -> None:
    handle = pkcs11.generate(Kind.ES256, new_id("key", system_random))
    pkcs11._session.close()
    verify(pkcs11.public(handle), pkcs11.sign(handle, b"x"), b"x")


def test_a_private_key_does_not_leave_the_device(pkcs11: KeyBackend) -> None:
    handle = pkcs11.generate(Kind.ES256, new_id("key", system_random))
    (found,) = pkcs11._found(handle, library.ObjectClass.PRIVATE_KEY)
    with pytest.raises((library.AttributeSensitive, library.PKCS11Error)):
        found[library.Attribute.VALUE]
    assert found[library.Attribute.EXTRACTABLE] is False
