import asyncio
from typing import Any

import pytest

from ringfence.clock import Instant
from ringfence.events.detection import ResponseChanged
from ringfence.store.blocks import network_block
from ringfence.store.interface import Admission, Unavailable
from ringfence.store.measures import step_up_mark


def step_up(value: str = "192.0.2.7", **more: Any) -> dict[str, Any]:
    return {"kind": "step-up", "of": "network", "value": value, "why": "guessing", "seconds": 600, **more}


def by_rule(n: int, rule: str = "r", kind: str = "block") -> dict[str, Any]:
    return step_up(f"10.0.{n // 250}.{n % 250}", kind=kind, rule=rule, alert=f"alert_{rule}_{n}", by="detection")


async def demanded(ports, value: str, after: float = 0.0) -> bool:
    asked = Admission(step_up=(step_up_mark("network", value),))
    return (await ports.fast.admit(asked, Instant(ports.clock() + after))).step_up == 0


async def test_a_measure_stands_is_listed_told_and_taken_back(api, ports, recorder, problem) -> None:
    done = await api.post("/responses", json=step_up("::ffff:192.0.2.7"))
    assert (done.status_code, done.json()["state"], done.json()["value"]) == (201, "done", "192.0.2.7")
    assert await demanded(ports, "192.0.2.7", 599)
    assert not await demanded(ports, "192.0.2.7", 600)
    name = done.json()["response_id"]
    assert [one["response_id"] for one in (await api.get("/responses")).json()["items"]] == [name]
    assert (await api.post(f"/responses/{name}/undo")).json()["state"] == "undone"
    assert not await demanded(ports, "192.0.2.7")
    problem(await api.post(f"/responses/{name}/undo"), 409, "conflict")
    told = [event for event in recorder.events if isinstance(event, ResponseChanged)]
    assert [(event.state, event.actor) for event in told] == [("done", "uid:1000"), ("undone", "uid:1000")]


async def test_what_cannot_be_asked_for(api, problem) -> None:
    for wrong in (
        {"kind": "revoke"},
        {"kind": "planet"},
        {"seconds": 0},
        {"seconds": 30 * 86_400 + 1},
        {"factor": 0.5},
        {"factor": 1e9},
        {"value": "example.org"},
        {"why": ""},
        {"why": "a\u202eb"},
        {"more": 1},
    ):
        problem(await api.post("/responses", json=step_up() | wrong), 400, "admin-request")
    for of in ("user", "client", "grant"):
        problem(await api.post("/responses", json=step_up("x", of=of)), 404, "not-found")
    assert (await api.get("/responses")).json()["items"] == []


async def test_one_alert_is_answered_once_however_often_it_is_asked(api, recorder) -> None:
    asked = by_rule(1)
    answers = await asyncio.gather(*(api.post("/responses", json=asked) for _ in range(50)))
    assert {answer.json()["state"] for answer in answers} == {"done"}
    assert len({answer.json()["response_id"] for answer in answers}) == 1
    assert len([event for event in recorder.events if isinstance(event, ResponseChanged)]) == 1


async def test_beyond_the_bound_a_person_decides(api, ports, policy) -> None:
    """Fifty at once, of two rules: neither takes more than half of what there is, and nothing is lost."""
    most = policy.watch.responses_per_hour
    asked = [by_rule(n, rule) for rule in ("flood", "other") for n in range(most)]
    states = [
        answer.json()["state"] for answer in await asyncio.gather(*(api.post("/responses", json=a) for a in asked))
    ]
    assert states[:most].count("done") == states[most:].count("done") == most // 2
    assert states.count("held") == most
    assert (await api.post("/responses", json=by_rule(7, kind="step-up"))).json()["state"] == "done", "another kind"
    assert (await api.post("/responses", json=step_up("192.0.2.99", kind="block"))).json()["state"] == "done", (
        "a person"
    )


async def test_what_is_held_does_nothing_until_it_is_approved(api, blocked, problem) -> None:
    held = (await api.post("/responses", json=step_up(kind="block", hold=True))).json()
    assert held["state"] == "held"
    assert not await blocked(network_block("192.0.2.7"))
    done = (await api.post(f"/responses/{held['response_id']}/approve")).json()
    assert (done["state"], done["changed_by"]) == ("done", "uid:1000")
    assert await blocked(network_block("192.0.2.7"), 599)
    problem(await api.post(f"/responses/{held['response_id']}/approve"), 409, "conflict")
    problem(await api.post("/responses/response_x/approve"), 404, "not-found")


async def test_what_is_held_can_be_dropped(api, blocked, problem) -> None:
    held = (await api.post("/responses", json=step_up(kind="block", hold=True))).json()
    assert (await api.post(f"/responses/{held['response_id']}/undo")).json()["state"] == "undone"
    problem(await api.post(f"/responses/{held['response_id']}/approve"), 409, "conflict")
    assert not await blocked(network_block("192.0.2.7"))


async def test_a_dry_run_is_written_down_only(api, blocked, recorder, problem) -> None:
    dry = (await api.post("/responses", json=step_up(kind="block", dry_run=True))).json()
    assert dry["state"] == "dry-run"
    assert not await blocked(network_block("192.0.2.7"))
    assert recorder.events[-1].state == "dry-run"
    problem(await api.post(f"/responses/{dry['response_id']}/undo"), 409, "conflict")


async def test_an_outage_half_way_is_mended_by_asking_again(api, ports, monkeypatch, problem) -> None:
    asked = by_rule(1, kind="step-up")
    with monkeypatch.context() as broken:

        async def away(*_args: object) -> None:
            raise Unavailable("away")

        broken.setattr(type(ports.fast), "measure", away)
        problem(await api.post("/responses", json=asked), 503, "unavailable")
    assert not await demanded(ports, "10.0.0.1")
    assert (await api.post("/responses", json=asked)).json()["state"] == "done"
    assert await demanded(ports, "10.0.0.1")


@pytest.mark.parametrize("limit", ["-1", "x", "10001"])
async def test_lists_are_bounded(api, problem, limit: str) -> None:
    problem(await api.get("/responses", params={"limit": limit}), 400, "admin-request")
