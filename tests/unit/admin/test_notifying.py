import asyncio
from typing import Any

import httpx
import msgspec
import pytest

from ringfence.admin.api import create_app
from ringfence.clock import Instant
from ringfence.events.detection import NotificationAsked
from ringfence.policy.notify_model import Notify, Webhook
from ringfence.store.case_interface import Silence
from tests.unit.admin.kept_alerts import NOW, kept


def asked(n: int = 1, **more: Any) -> dict[str, Any]:
    usual = {"kind": "notify", "of": "channel", "value": "phone", "why": "alert x y", "by": "detection"}
    return usual | {"alert": f"alert_{n}", "rule": "brute-force", "playbook": "book"} | more


@pytest.fixture
async def told(policy, ports):
    channels = Notify(webhook={"phone": Webhook(url="https://h/", secret_file="s")})
    transport = httpx.ASGITransport(create_app(msgspec.structs.replace(policy, notify=channels), ports))
    async with httpx.AsyncClient(transport=transport, base_url="http://management") as client:
        yield client


def asked_for(recorder) -> list[NotificationAsked]:
    return [event for event in recorder.events if isinstance(event, NotificationAsked)]


async def test_a_channel_is_told_of_an_alert(told, ports, recorder, problem) -> None:
    await ports.watch.keep([kept()])
    done = (await told.post("/responses", json=asked())).json()
    assert done["state"] == "done"
    (event,) = asked_for(recorder)
    assert (event.channel, event.alert, event.response) == ("phone", "alert_1", done["response_id"])
    assert (event.level, event.title, event.explanation) == ("high", "Guessing", "seen 1")
    assert (event.client, event.network, event.playbook, event.silenced) == ("c_1", "192.0.2.7", "book", "")
    problem(await told.post(f"/responses/{done['response_id']}/undo"), 409, "conflict")


async def test_asked_again_it_is_told_again_under_the_same_name(told, ports, recorder) -> None:
    """Whoever asks again has had no answer: perhaps the machine went down before the event was on the disk."""
    await ports.watch.keep([kept()])
    answers = await asyncio.gather(*(told.post("/responses", json=asked()) for _ in range(5)))
    assert {answer.json()["state"] for answer in answers} == {"done"}
    assert len(asked_for(recorder)) == 5
    assert len({event.response for event in asked_for(recorder)}) == 1


async def test_a_dry_run_tells_nobody(told, ports, recorder) -> None:
    await ports.watch.keep([kept()])
    assert (await told.post("/responses", json=asked(dry_run=True))).json()["state"] == "dry-run"
    assert asked_for(recorder) == []


async def test_under_a_silence_it_is_on_record_that_nobody_is_told(told, ports, recorder) -> None:
    await ports.watch.keep([kept()])
    silence = Silence("silence_1", "brute-force", {"network": "192.0.2.7"}, Instant(NOW + 60), "w", "b", NOW)
    await ports.cases.add_silence(silence)
    await told.post("/responses", json=asked())
    assert [event.silenced for event in asked_for(recorder)] == ["silence_1"]


async def test_a_flood_of_alerts_is_never_held_for_a_person(told, ports, policy, recorder) -> None:
    """The channel makes a digest of it; alerts that wait for each other would hide each other."""
    many = policy.watch.responses_per_hour + 50
    await ports.watch.keep([kept(n) for n in range(many)])
    answers = [await told.post("/responses", json=asked(n)) for n in range(many)]
    assert {answer.json()["state"] for answer in answers} == {"done"}
    assert len(asked_for(recorder)) == many


async def test_what_cannot_be_told(told, api, ports, recorder, problem) -> None:
    problem(await told.post("/responses", json=asked(value="pager")), 404, "not-found")
    problem(await api.post("/responses", json=asked()), 404, "not-found")
    problem(await told.post("/responses", json=asked(alert="")), 400, "admin-request")
    problem(await told.post("/responses", json=asked(of="network", value="192.0.2.7")), 400, "admin-request")
    problem(await told.post("/responses", json=asked(kind="block", seconds=60)), 400, "admin-request")
    assert (await told.post("/responses", json=asked(7))).json()["state"] == "refused"
    assert asked_for(recorder) == []
