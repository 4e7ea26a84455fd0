import pytest

from ringfence.ids import CorrelationId
from ringfence.message import Peer, Request, TraceContext
from ringfence.oauth.endpoints import Endpoint
from ringfence.oauth.exchange import Exchange
from ringfence.oauth.pace import require_pace
from ringfence.problem import Reason, Refused


def exchange(bank, address: str) -> Exchange:
    request = Request(
        "POST", "https", "h", "/", "", (), b"", Peer(address), CorrelationId("c"), TraceContext("", "", sampled=False)
    )
    return Exchange(request, Endpoint.REGISTRATION, "public", bank.clock.now)


async def test_a_network_and_a_purpose_have_a_pace_each(bank):
    for _ in range(3):
        await require_pace("one", 10.0, 3, exchange(bank, "192.0.2.1"), bank.server)
    with pytest.raises(Refused) as refused:
        await require_pace("one", 10.0, 3, exchange(bank, "192.0.2.1"), bank.server)
    assert refused.value.reason is Reason.RATE_LIMITED
    assert refused.value.headers == (("retry-after", "10"),)
    await require_pace("other", 10.0, 3, exchange(bank, "192.0.2.1"), bank.server)
    await require_pace("one", 10.0, 3, exchange(bank, "192.0.2.2"), bank.server)
    bank.clock.forward(10)
    await require_pace("one", 10.0, 3, exchange(bank, "192.0.2.1"), bank.server)


async def test_an_ipv6_site_is_one_network(bank):
    await require_pace("six", 10.0, 1, exchange(bank, "2001:db8::1"), bank.server)
    with pytest.raises(Refused):
        await require_pace("six", 10.0, 1, exchange(bank, "2001:db8::2"), bank.server)
