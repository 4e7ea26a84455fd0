"""The management API as a whole: outages of what it stands on."""

import httpx
import msgspec
import pytest

from ringfence.admin.api import create_app
from ringfence.store.blocks import client_block, grant_block, user_block
from ringfence.store.interface import Unavailable


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


class ReadOnly:
    """Records that can be read and not written, as with a full disk."""

    def __init__(self, records) -> None:
        self._records = records

    def __getattr__(self, name: str):
        if name.startswith(("set_", "revoke_", "remove_", "add_")):
            return self._refuse
        return getattr(self._records, name)

    async def _refuse(self, *_: object) -> None:
        raise Unavailable("disk full")


async def test_what_an_operator_stops_makes_no_calls_though_the_records_refuse(
    policy, ports, api, asked, add_grant, blocked, problem
) -> None:
    client_id = (await api.post("/clients", json=asked)).json()["client_id"]
    user_id = (await api.post("/users", json={"username": "ann", "password": "long enough"})).json()["user_id"]
    await add_grant(client_id)
    app = create_app(policy, msgspec.structs.replace(ports, records=ReadOnly(ports.records)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://m") as full:
        for path in (f"/clients/{client_id}/suspend", f"/users/{user_id}/disable", "/grants/grant_1/revoke"):
            problem(await full.post(path, json={}), 503, "unavailable")
    for key in (client_block(client_id), user_block(user_id), grant_block("grant_1")):
        assert await blocked(key)


@pytest.mark.parametrize("path", ["/clients/", "/status/", "/", "//clients", "/clients/%2e%2e/users", "/Clients"])
async def test_a_path_is_known_or_it_is_not(api, problem, path) -> None:
    answer = await api.get(httpx.URL("http://m", raw_path=path.encode()))
    problem(answer, 404, "unknown-path")
    assert "location" not in answer.headers
