import json

import pytest

from ringfence.app.set_signer import SetSigner
from ringfence.custody.wire import SignerRefused
from ringfence.keys.ports import KeyUnusable


class Custody:
    """Makes the key when the first is signed, as the signer does."""

    def __init__(self, path) -> None:
        self.path, self.signed = path, []

    async def sign_token(self, purpose, typ, claims):
        self.path.write_text(json.dumps({"keys": [{"kid": "k", "alg": "RS256"}]}))
        self.signed.append((purpose, typ, claims))
        return "signed"


async def test_sets_are_signed_by_their_own_key_as_their_own_kind(tmp_path):
    custody = Custody(tmp_path / "jwks-set.json")
    assert await SetSigner(custody, custody.path).sign({"a": 1}) == "signed"
    assert custody.signed == [("set", "secevent+jwt", b'{"a":1}')]


async def test_there_is_a_key_for_whoever_asks_first(tmp_path):
    custody = Custody(tmp_path / "jwks-set.json")
    signer = SetSigner(custody, custody.path)
    for _ in range(2):
        assert [key["kid"] for key in (await signer.public_jwks())["keys"]] == ["k"]
    assert len(custody.signed) == 1
    assert [key["kid"] for key in (await SetSigner(custody, custody.path).public_jwks())["keys"]] == ["k"]
    assert len(custody.signed) == 1


async def test_what_the_signer_does_not_sign(tmp_path):
    class Refusing:
        async def sign_token(self, purpose, typ, claims):
            raise SignerRefused("not-allowed", "no")

    with pytest.raises(KeyUnusable):
        await SetSigner(Refusing(), tmp_path / "none.json").public_jwks()
