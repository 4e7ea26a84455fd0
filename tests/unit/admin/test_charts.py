import httpx
import msgspec

from ringfence.admin import charts
from ringfence.admin.api import create_app
from ringfence.clock import Instant
from ringfence.detect.alert import Alert
from ringfence.detect.load import shipped
from ringfence.events import CallDecided, encode
from ringfence.store.watch_interface import KeptAlert

NOW = Instant(1_800_000_000.0)


def missed(n: int) -> bytes:
    at = Instant(NOW + n)
    return encode(
        CallDecided(
            at, f"c{n}", "t", allowed=False, status=404, reason="unknown-path", path=f"/{n}", network="192.0.2.1"
        )
    )


def kept(rule: str, position: int, at: Instant) -> KeptAlert:
    alert = Alert("alert_1", rule, at, position, "high", "alert", "t", {"network": "192.0.2.1"}, {"paths": 10}, "e", ())
    return KeptAlert("alert_1", rule, at, "high", "alert", "t", "e", msgspec.Raw(msgspec.json.encode(alert)), "none")


async def shown(policy, ports, alert_id: str = "alert_1") -> httpx.Response:
    app = create_app(policy, msgspec.structs.replace(ports, rules=shipped))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://management") as http:
        return await http.get(f"/alerts/{alert_id}/chart")


async def test_the_chart_is_made_of_stored_events_around_the_alert(policy, ports, monkeypatch) -> None:
    monkeypatch.setattr(charts, "PAGE", 50)
    await ports.stream.append([b'{"event":"of.another.version"}', *(missed(n) for n in range(-2000, 30, 2))])
    position = 1002
    await ports.watch.keep([kept("path-probing", position, Instant(NOW))])
    found = (await shown(policy, ports)).json()
    (series,) = found["series"]
    assert found["complete"]
    assert series["usual"] == 5
    assert sum(series["bars"]) == (530 // 2) + 15


async def test_a_chart_of_too_many_events_says_so(policy, ports, monkeypatch) -> None:
    monkeypatch.setattr(charts, "PAGE", 10)
    monkeypatch.setattr(charts, "MOST_EVENTS", 20)
    await ports.stream.append([missed(n) for n in range(100)])
    await ports.watch.keep([kept("path-probing", 100, Instant(NOW + 99))])
    found = (await shown(policy, ports)).json()
    assert not found["complete"]
    assert sum(found["series"][0]["bars"]) == 20


async def test_what_is_gone_has_no_chart(policy, ports, problem) -> None:
    await ports.watch.keep([kept("gone", 1, NOW)])
    problem(await shown(policy, ports), 404, "not-found")
    problem(await shown(policy, ports, "alert_2"), 404, "not-found")
