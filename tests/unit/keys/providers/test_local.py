import json
import os
import stat

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from ringfence.keys.ports import KeyUnusable
from ringfence.keys.providers.local import LocalSigner, create_signing_key


@pytest.mark.parametrize("algorithm", ["ES256", "PS256"])
async def test_another_library_verifies_what_a_created_key_signs(tmp_path, algorithm):
    path = tmp_path / "token-signing.pem"
    create_signing_key(path, algorithm)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    signer = LocalSigner.load(path)
    assert signer.algorithm == algorithm
    (jwk,) = signer.public_jwks()["keys"]
    assert "d" not in jwk
    for n in range(20):
        jws = JWS()
        jws.deserialize(await signer.sign({"n": n}, "at+jwt"))
        jws.verify(JWK(**jwk), alg=algorithm)
        assert json.loads(jws.payload) == {"n": n}
        assert json.loads(jws.objects["protected"]) == {"alg": algorithm, "typ": "at+jwt", "kid": jwk["kid"]}


def test_a_key_that_is_there_stays(tmp_path):
    path = tmp_path / "key.pem"
    create_signing_key(path, "ES256")
    before = path.read_bytes()
    with pytest.raises(KeyUnusable, match="exists already"):
        create_signing_key(path, "ES256")
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_keys_that_cannot_be_made(tmp_path):
    with pytest.raises(KeyUnusable, match="HS256"):
        create_signing_key(tmp_path / "key.pem", "HS256")
    with pytest.raises(KeyUnusable, match="cannot be written"):
        create_signing_key(tmp_path / "nowhere" / "key.pem", "ES256")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_a_key_that_others_may_read_is_refused(tmp_path, mode):
    path = tmp_path / "key.pem"
    create_signing_key(path, "ES256")
    path.chmod(mode)
    with pytest.raises(KeyUnusable, match="others"):
        LocalSigner.load(path)


@pytest.mark.parametrize(
    "content", [b"", b"garbage", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_files_without_a_key(tmp_path, content):
    path = tmp_path / "key.pem"
    with pytest.raises(KeyUnusable, match="cannot be read"):
        LocalSigner.load(path)
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(KeyUnusable) as caught:
        LocalSigner.load(path)
    assert "AAAA" not in str(caught.value)


@pytest.mark.parametrize("key", [ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP521R1())])
def test_keys_of_other_kinds(tmp_path, key):
    path = tmp_path / "key.pem"
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
    os.write(descriptor, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    os.close(descriptor)
    with pytest.raises(KeyUnusable):
        LocalSigner.load(path)
