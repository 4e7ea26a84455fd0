import json

import pytest

from ringfence.app.token_signer import TokenSigner
from ringfence.custody.wire import SignerRefused
from ringfence.keys.ports import KeyUnusable
from ringfence.store.interface import Unavailable


class Custody:
    fails: Exception | None = None

    async def sign_token(self, purpose, typ, claims):
        if self.fails:
            raise self.fails
        return f"{purpose}.{typ}.{claims.decode()}"


def write(path, *kids):
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps({"keys": [{"kid": kid, "alg": "ES256"} for kid in kids]}))
    beside.rename(path)


@pytest.fixture
def path(tmp_path):
    write(tmp_path / "jwks.json", "a")
    return tmp_path / "jwks.json"


async def test_claims_go_over_as_json(path):
    signer = await TokenSigner.begin(Custody(), path)
    assert await signer.sign({"a": 1}, "at+jwt") == 'token.at+jwt.{"a":1}'
    assert signer.algorithm == "ES256"


async def test_what_is_published_follows_the_file_and_outlives_it(path):
    signer = await TokenSigner.begin(Custody(), path)
    write(path, "b", "a")
    assert [key["kid"] for key in signer.public_jwks()["keys"]] == ["b", "a"]
    path.unlink()
    assert [key["kid"] for key in signer.public_jwks()["keys"]] == ["b", "a"]
    path.write_text("{")
    assert [key["kid"] for key in signer.public_jwks()["keys"]] == ["b", "a"]


@pytest.mark.parametrize(
    ("fault", "becomes"),
    [
        (Unavailable("gone"), Unavailable),
        (SignerRefused("state", "suspended"), Unavailable),
        (SignerRefused("exhausted", "used up"), Unavailable),
        (SignerRefused("not-allowed", "no"), KeyUnusable),
        (SignerRefused("malformed", "no"), KeyUnusable),
    ],
)
async def test_what_becomes_of_faults(path, fault, becomes):
    custody = Custody()
    custody.fails = fault
    signer = await TokenSigner.begin(custody, path)
    with pytest.raises(becomes):
        await signer.sign({}, "at+jwt")


async def test_it_waits_for_the_first_keys(tmp_path):
    with pytest.raises(Unavailable, match="published no keys"):
        await TokenSigner.begin(Custody(), tmp_path / "jwks.json", patience=0.1)


async def test_every_key_may_be_withdrawn(path):
    signer = await TokenSigner.begin(Custody(), path)
    assert signer.algorithm == "ES256"
    write(path)
    assert signer.public_jwks() == {"keys": []}
    assert signer.algorithm == "ES256"
    assert (await TokenSigner.begin(Custody(), path)).public_jwks() == {"keys": []}
