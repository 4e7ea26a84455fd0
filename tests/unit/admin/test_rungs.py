from ringfence.clock import Instant
from ringfence.events.actions import AdminActed
from ringfence.store.rung_interface import KeptRung
from tests.unit.admin.kept_alerts import NOW, kept

STANDS = KeptRung("book", "network", "192.0.2.7", False, 2, NOW, Instant(NOW + 60), "alert_1")  # noqa: FBT003 - as its columns


async def rungs(api) -> list[int]:
    return [one["rung"] for one in (await api.get("/responses/rungs")).json()["items"]]


async def test_who_stands_where_is_shown_and_forgotten(api, ports, recorder, problem) -> None:
    await ports.watch.climb(STANDS, 3)
    assert await rungs(api) == [2]
    who = {"playbook": "book", "of": "network", "value": "192.0.2.7"}
    problem(await api.post("/responses/rungs/forget", json=who | {"of": "user"}), 404, "not-found")
    problem(await api.post("/responses/rungs/forget", json=who | {"of": "planet"}), 400, "admin-request")
    assert (await api.post("/responses/rungs/forget", json=who)).json() == {"forgotten": True}
    assert await rungs(api) == []
    acted = [event for event in recorder.events if isinstance(event, AdminActed)]
    assert [(event.action, event.subject) for event in acted] == [("rung.forgotten", "book network 192.0.2.7")]


async def test_a_response_that_is_taken_back_does_not_count_the_next_time(api, ports) -> None:
    await ports.watch.keep([kept()])
    for playbook, left in (("book/2", []), ("book", [2])):
        await ports.watch.climb(STANDS, 3)
        asked = {"kind": "step-up", "of": "network", "value": "192.0.2.7", "why": "w", "seconds": 60, "rule": "r"}
        done = await api.post("/responses", json=asked | {"alert": "alert_1", "playbook": playbook})
        await api.post(f"/responses/{done.json()['response_id']}/undo")
        assert await rungs(api) == left
