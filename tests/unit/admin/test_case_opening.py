import asyncio
from typing import Any

from ringfence.events.detection import CaseChanged
from tests.unit.admin.kept_alerts import kept


def asked(n: int, value: str = "192.0.2.7", rule: str = "brute-force") -> dict[str, Any]:
    return {
        "kind": "open-case",
        "of": "network",
        "value": value,
        "why": f"alert alert_{n} {rule}",
        "alert": f"alert_{n}",
        "rule": rule,
        "by": "detection",
        "playbook": "book",
    }


async def cases(api) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api.get("/cases", params={"open": 1})).json()["items"]
    return found


async def test_fifty_alerts_at_once_make_one_case(api, ports, recorder) -> None:
    await ports.watch.keep([kept(n) for n in range(50)])
    answers = await asyncio.gather(*(api.post("/responses", json=asked(n)) for n in range(50)))
    assert {answer.json()["state"] for answer in answers} == {"done"}
    (case,) = await cases(api)
    assert (case["title"], case["opened_by"], len(case["alerts"])) == ("Guessing", "detection", 50)
    told = [event for event in recorder.events if isinstance(event, CaseChanged)]
    assert [event.action for event in told].count("opened") == 1
    assert [event.action for event in told].count("added") == 49
    assert {event.actor for event in told} == {"detection"}


async def test_another_rule_and_another_somebody_have_cases_of_their_own(api, ports) -> None:
    await ports.watch.keep([kept(n) for n in range(4)])
    for one in (asked(0), asked(1, rule="other"), asked(2, "192.0.2.8"), asked(3)):
        await api.post("/responses", json=one)
    assert sorted(len(case["alerts"]) for case in await cases(api)) == [1, 1, 2]


async def test_asked_again_nothing_more_happens(api, ports, recorder) -> None:
    await ports.watch.keep([kept(1)])
    for _ in range(3):
        await api.post("/responses", json=asked(1))
    assert len(await cases(api)) == 1
    assert len([event for event in recorder.events if isinstance(event, CaseChanged)]) == 1


async def test_after_it_is_closed_the_next_alert_opens_another(api, ports) -> None:
    await ports.watch.keep([kept(1), kept(2)])
    await api.post("/responses", json=asked(1))
    (case,) = await cases(api)
    await api.post(f"/cases/{case['case_id']}/close", json={"disposition": "benign"})
    await api.post("/responses", json=asked(2))
    (another,) = await cases(api)
    assert (another["alerts"], another["case_id"] != case["case_id"]) == (["alert_2"], True)


async def test_taken_back_it_is_closed_unless_somebody_has_work_in_it(api, ports) -> None:
    await ports.watch.keep([kept(n) for n in range(3)])
    first = (await api.post("/responses", json=asked(0))).json()
    assert (await api.post(f"/responses/{first['response_id']}/undo")).json()["state"] == "undone"
    assert await cases(api) == []
    second = (await api.post("/responses", json=asked(1))).json()
    (case,) = await cases(api)
    await api.post(f"/cases/{case['case_id']}/notes", json={"text": "looking at it"})
    assert (await api.post(f"/responses/{second['response_id']}/undo")).json()["state"] == "undone"
    assert len(await cases(api)) == 1


async def test_a_case_without_an_alert_that_is_kept(api) -> None:
    """A person asks for one, or the records of detection were lost in between."""
    await api.post("/responses", json=asked(9))
    (case,) = await cases(api)
    assert (case["title"], case["alerts"]) == ("alert alert_9 brute-force", [])
