"""`/audit/shred`: the key is destroyed, and the act is on record without the person."""

import msgspec
import pytest
from httpx import ASGITransport, AsyncClient

from ringfence.admin.api import create_app


@pytest.fixture
async def shredding(policy, ports):
    known = {"user_a": "key-1"}

    async def shred(person: str) -> str | None:
        return known.pop(person, None)

    app = create_app(policy, msgspec.structs.replace(ports, shred=shred))
    async with AsyncClient(transport=ASGITransport(app), base_url="http://management") as http:
        yield http


async def test_a_person_is_shredded_once(shredding, recorder, problem) -> None:
    answer = await shredding.post("/audit/shred", json={"person": "user_a"})
    assert answer.json() == {"person": "user_a", "key": "key-1"}
    (event,) = recorder.events
    assert (event.action, event.subject) == ("audit.shredded", "key-1")
    problem(await shredding.post("/audit/shred", json={"person": "user_a"}), 404, "not-found")
    assert len(recorder.events) == 1


@pytest.mark.parametrize("body", [{}, {"person": ""}, {"person": "x" * 200}, {"person": "user_a", "more": 1}, []])
async def test_what_names_no_person_is_refused(shredding, recorder, problem, body) -> None:
    problem(await shredding.post("/audit/shred", json=body), 400, "admin-request")
    assert recorder.events == []


async def test_without_a_log_there_is_nobody_to_shred(api, problem) -> None:
    problem(await api.post("/audit/shred", json={"person": "user_a"}), 404, "not-found")
