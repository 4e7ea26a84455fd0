import pytest

from ringfence.oauth.ports import NoKeys
from ringfence.problem import Reason, Refused
from ringfence.proofs.security_event import KIND


async def test_where_no_keys_are_fetched_nothing_verifies():
    with pytest.raises(Refused) as refused:
        await NoKeys().at("https://idp.example/jwks", "a.b.c", KIND, Reason.SIGNAL_KEY)
    assert refused.value.reason is Reason.SIGNAL_KEY
    with pytest.raises(Refused) as refused:
        await NoKeys().of(None, "a.b.c", KIND, Reason.ASSERTION_INVALID)
    assert refused.value.reason is Reason.ASSERTION_INVALID
