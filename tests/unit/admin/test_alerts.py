import msgspec

from ringfence.clock import Instant
from ringfence.store.watch_interface import KeptAlert

NOW = Instant(1_800_000_000.0)
ALERT = KeptAlert(
    "alert_1", "r", NOW, "high", "alert", "t", "explained", msgspec.Raw(b'{"group":{"network":"n"}}'), "none"
)


async def test_alerts_are_listed_shown_and_disposed(api, ports, recorder, problem) -> None:
    assert (await api.get("/alerts")).json() == {"items": []}
    await ports.watch.keep([ALERT])
    (listed,) = (await api.get("/alerts", params={"open": 1, "rule": "r"})).json()["items"]
    assert listed["detail"] == {"group": {"network": "n"}}
    assert (await api.get("/alerts/alert_1")).json() == listed
    said = await api.post("/alerts/alert_1/dispose", json={"disposition": "benign", "note": "load test"})
    assert (said.json()["disposition"], said.json()["note"], said.json()["disposed_by"]) == (
        "benign",
        "load test",
        "uid:1000",
    )
    assert recorder.names() == ["AlertDisposed"]
    assert (await api.get("/alerts", params={"open": 1})).json() == {"items": []}
    problem(await api.get("/alerts/alert_2"), 404, "not-found")
    problem(await api.post("/alerts/alert_2/dispose", json={"disposition": "attack"}), 404, "not-found")
    problem(await api.post("/alerts/alert_1/dispose", json={"disposition": "unsure"}), 400, "admin-request")
    problem(await api.get("/alerts", params={"open": 2}), 400, "admin-request")
