import pytest

from ringfence.gateway.ports import NoClientKeys
from ringfence.store.interface import Unavailable


def test_without_published_keys_a_demand_for_a_signature_refuses() -> None:
    with pytest.raises(Unavailable, match="client_a"):
        NoClientKeys().of("client_a")
