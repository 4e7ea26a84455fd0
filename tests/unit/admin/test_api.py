"""The management API as a whole: outages of what it stands on."""

import httpx

from ringfence.admin.api import create_app


async def test_nothing_is_changed_that_could_not_be_put_on_record(api, asked, ports, recorder, problem) -> None:
    recorder.broken = True
    problem(await api.post("/clients", json=asked), 503, "unavailable")
    assert await ports.records.list_clients() == []
    assert (await api.get("/clients")).status_code == 200


async def test_an_outage_is_503_and_says_nothing_internal(policy, ports, asked, problem) -> None:
    app = create_app(policy, ports)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://m") as api:
        client_id = (await api.post("/clients", json=asked)).json()["client_id"]
        ports.fast.close()
        response = await api.post(f"/clients/{client_id}/revoke")
    document = problem(response, 503, "unavailable")
    assert "detail" not in document
