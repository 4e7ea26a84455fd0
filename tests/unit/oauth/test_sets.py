import pytest

from ringfence.oauth.sets import NoSets
from ringfence.store.interface import Unavailable


async def test_where_none_are_signed_nothing_is_published():
    assert await NoSets().public_jwks() == {"keys": []}
    with pytest.raises(Unavailable):
        await NoSets().sign({"iss": "https://bank.example"})
