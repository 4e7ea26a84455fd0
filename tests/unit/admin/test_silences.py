import httpx
import msgspec
import pytest

from ringfence.admin.api import create_app
from ringfence.detect.load import shipped


@pytest.fixture
async def api(policy, ports):
    app = create_app(policy, msgspec.structs.replace(ports, rules=shipped))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://management") as client:
        yield client


async def test_a_silence_is_narrow_ends_and_is_on_record(api, recorder, problem) -> None:
    asked = {"rule": "limit-pushing", "group": {"client": "c"}, "seconds": 3600, "why": "load test"}
    made = (await api.post("/silences", json=asked)).json()
    assert (made["group"], made["by"], made["until"] - made["at"]) == ({"client": "c"}, "uid:1000", 3600)
    assert (await api.get("/silences")).json()["items"] == [made]
    ended = await api.post(f"/silences/{made['silence_id']}/end", json={})
    assert ended.json() == made
    assert (await api.get("/silences")).json()["items"] == []
    problem(await api.post(f"/silences/{made['silence_id']}/end", json={}), 404, "not-found")
    assert [(event.about, event.until > 0) for event in recorder.events] == [
        (("client=c",), True),
        (("client=c",), False),
    ]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"rule": "gone"}, 404),
        ({"group": {}}, 400),
        ({"group": {"network": "n"}}, 400),
        ({"group": {"client": ""}}, 400),
        ({"seconds": 59}, 400),
        ({"seconds": 30 * 86_400 + 1}, 400),
        ({"why": ""}, 400),
        ({"why": "a\nb"}, 400),
    ],
)
async def test_a_silence_that_is_too_wide_too_long_or_without_reason_is_refused(api, change, status: int) -> None:
    asked = {"rule": "limit-pushing", "group": {"client": "c"}, "seconds": 3600, "why": "load test"} | change
    assert (await api.post("/silences", json=asked)).status_code == status
    assert (await api.get("/silences")).json()["items"] == []


async def test_a_rule_about_everybody_can_be_silenced_as_a_whole(api) -> None:
    asked = {"rule": "password-spray-distributed", "group": {}, "seconds": 3600, "why": "known campaign"}
    assert (await api.post("/silences", json=asked)).status_code == 201
