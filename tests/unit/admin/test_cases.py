import msgspec

from ringfence.clock import Instant
from ringfence.store.watch_interface import KeptAlert

NOW = Instant(1_800_000_000.0)


def alert(n: int, at: float = 0, answered: str = "none", **context: str) -> KeptAlert:
    detail = {"evidence": [[n, f"c{n}"]], "context": context}
    return KeptAlert(
        f"alert_{n}",
        "r",
        Instant(NOW + at),
        "high",
        "alert",
        f"title {n}",
        f"explained {n}",
        msgspec.Raw(msgspec.json.encode(detail)),
        answered,
    )


async def test_a_case_tells_what_happened_in_its_order(api, ports, recorder) -> None:
    await ports.watch.keep([alert(1, -20, "block:network:n"), alert(2, -10)])
    opened = (await api.post("/cases", json={"alerts": ["alert_2", "alert_1"]})).json()
    assert (opened["title"], opened["alerts"], opened["opened_by"]) == ("title 2", ["alert_2", "alert_1"], "uid:1000")
    where = f"/cases/{opened['case_id']}"
    await api.post(f"{where}/notes", json={"text": "partner called"})
    closed = (await api.post(f"{where}/close", json={"disposition": "attack", "note": "stopped"})).json()
    assert (closed["disposition"], [note["text"] for note in closed["notes"]]) == (
        "attack",
        ["partner called", "stopped"],
    )
    shown = (await api.get(where)).json()
    assert [(line["what"], line["text"]) for line in shown["story"]][:3] == [
        ("alert", "explained 1"),
        ("answer", "block:network:n"),
        ("alert", "explained 2"),
    ]
    assert sum(line["what"] == "disposition" for line in shown["story"]) == 2
    assert shown["evidence"] == [[1, "c1"], [2, "c2"]]
    assert (await ports.watch.alert("alert_1")).disposition == "attack"
    assert recorder.names() == ["opened", "noted", "AlertDisposed", "AlertDisposed", "closed"]


async def test_what_a_person_found_of_an_alert_stands(api, ports) -> None:
    await ports.watch.keep([alert(1)])
    opened = (await api.post("/cases", json={"alerts": ["alert_1"]})).json()
    await api.post("/alerts/alert_1/dispose", json={"disposition": "benign"})
    await api.post(f"/cases/{opened['case_id']}/close", json={"disposition": "attack"})
    assert (await ports.watch.alert("alert_1")).disposition == "benign"


async def test_related_alerts_are_those_about_the_same_within_an_hour_and_in_no_other_case(api, ports) -> None:
    await ports.watch.keep(
        [
            alert(1, 0, user="u", network="n"),
            alert(2, 3000, network="n"),
            alert(3, 3700, network="n"),
            alert(4, 0, network="m"),
            alert(5, -100, user="u"),
            alert(6, -100, user="u"),
            alert(7, 0),
        ]
    )
    await api.post("/cases", json={"alerts": ["alert_6"]})
    opened = (await api.post("/cases", json={"alerts": ["alert_1"], "related": True})).json()
    assert sorted(opened["alerts"]) == ["alert_1", "alert_2", "alert_5"]


async def test_cases_are_merged_and_listed(api, ports, problem) -> None:
    await ports.watch.keep([alert(1), alert(2)])
    one, two = [(await api.post("/cases", json={"alerts": [f"alert_{n}"]})).json()["case_id"] for n in (1, 2)]
    merged = (await api.post(f"/cases/{one}/merge", json={"into": two})).json()
    assert (merged["case_id"], sorted(merged["alerts"])) == (two, ["alert_1", "alert_2"])
    assert [c["case_id"] for c in (await api.get("/cases", params={"open": 1})).json()["items"]] == [two]
    assert len((await api.get("/cases")).json()["items"]) == 2
    problem(await api.post(f"/cases/{one}/merge", json={"into": two}), 409, "conflict")
    problem(await api.post(f"/cases/{two}/merge", json={"into": two}), 409, "conflict")
    problem(await api.post(f"/cases/{one}/close", json={"disposition": "benign"}), 409, "conflict")
    problem(await api.post(f"/cases/{one}/alerts", json={"alerts": ["alert_2"]}), 409, "conflict")
    added = (await api.post(f"/cases/{two}/alerts", json={"alerts": ["alert_2"]})).json()
    assert len(added["alerts"]) == 2


async def test_what_cannot_be_is_refused(api, ports, problem) -> None:
    await ports.watch.keep([alert(1)])
    problem(await api.post("/cases", json={"alerts": []}), 400, "admin-request")
    problem(await api.post("/cases", json={"alerts": ["alert_9"]}), 404, "not-found")
    problem(await api.post("/cases", json={"alerts": ["alert_1"] * 1001}), 400, "admin-request")
    problem(await api.post("/cases", json={"alerts": ["alert_1"], "title": "a\x1b[31m"}), 400, "admin-request")
    problem(await api.get("/cases/case_9"), 404, "not-found")
    case = (await api.post("/cases", json={"alerts": ["alert_1"]})).json()["case_id"]
    problem(await api.post(f"/cases/{case}/close", json={"disposition": "perhaps"}), 400, "admin-request")
    problem(await api.post(f"/cases/{case}/notes", json={"text": ""}), 400, "admin-request")
    problem(await api.post(f"/cases/{case}/merge", json={"into": "case_9"}), 404, "not-found")
    await ports.cases.add_alerts(case, [f"alert_{n}" for n in range(2, 1001)])
    await ports.watch.keep([alert(5000)])
    problem(await api.post(f"/cases/{case}/alerts", json={"alerts": ["alert_5000"]}), 400, "admin-request")
