"""`/metrics`, on the management socket and on the plain listener."""

import httpx
import msgspec

from ringfence.admin.measures import MEDIA_TYPE, States
from ringfence.admin.metrics import metrics_app
from ringfence.clock import Instant
from ringfence.events.calls import CallDecided

CALL = CallDecided(Instant(1.0), "c", "t", allowed=False, status=403, reason="scope-missing", client="kestrel")


async def test_the_text_form_and_the_summary_say_the_same(api, ports) -> None:
    ports.measures.feed(1, CALL)
    answer = await api.get("/metrics")
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert 'ringfence_calls_total{operation="",outcome="refused",reason="scope-missing"} 1.0' in answer.text
    summary = (await api.get("/metrics/summary")).json()
    assert summary["refusals"] == [{"what": "scope-missing", "count": 1}]
    assert summary["clients"] == [{"what": "kestrel", "count": 1}]


async def test_the_plain_listener_serves_nothing_else(ports) -> None:
    async def states() -> States:
        return States(roles={"oauth": True})

    app = metrics_app(msgspec.structs.replace(ports, states=states))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        assert 'ringfence_role_up{role="oauth"} 1.0' in (await client.get("/metrics")).text
        for path in ("/", "/clients", "/events", "/metrics/summary", "/metrics/"):
            assert (await client.get(path)).status_code == 404
        assert (await client.post("/metrics")).status_code == 405
        assert (await client.get("/metrics", params={"x": 1})).status_code == 400
