from typing import Any

from ringfence.clock import Instant
from ringfence.store.blocks import client_block, grant_block, network_block, session_block
from ringfence.store.interface import Admission, Bucket
from ringfence.store.measures import throttle_mark
from ringfence.store.model import Session, User


async def respond(api, kind: str, of: str, value: str, **more: Any) -> dict[str, Any]:
    asked = {"kind": kind, "of": of, "value": value, "why": "alert a r", **more}
    answer = await api.post("/responses", json=asked)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def client_of(api, asked) -> str:
    return str((await api.post("/clients", json=asked)).json()["client_id"])


async def customer(ports) -> None:
    await ports.records.add_user(User(user_id="user_1", username="ann", password_hash="x", created_at=ports.clock()))


async def undo(api, done: dict[str, Any]):
    return await api.post(f"/responses/{done['response_id']}/undo")


async def test_a_client_is_suspended_and_goes_on(api, ports, asked, blocked) -> None:
    client_id = await client_of(api, asked)
    done = await respond(api, "suspend", "client", client_id)
    assert (await ports.records.client(client_id)).status == "suspended"
    assert await blocked(client_block(client_id))
    twice = await respond(api, "suspend", "client", client_id)
    assert (await undo(api, done)).json()["state"] == "undone"
    assert await blocked(client_block(client_id)), "the other one stands"
    await undo(api, twice)
    assert (await ports.records.client(client_id)).status == "active"
    assert not await blocked(client_block(client_id))


async def test_a_revoked_client_is_not_suspended(api, ports, asked) -> None:
    client_id = await client_of(api, asked)
    await api.post(f"/clients/{client_id}/revoke")
    assert (await respond(api, "suspend", "client", client_id))["state"] == "refused"
    assert (await ports.records.client(client_id)).status == "revoked"


async def test_a_grant_ends_for_good(api, ports, asked, add_grant, blocked, problem) -> None:
    await customer(ports)
    await add_grant(await client_of(api, asked), "user_1")
    done = await respond(api, "revoke", "grant", "grant_1")
    assert (await ports.records.grant("grant_1")).revoked_at is not None
    assert await blocked(grant_block("grant_1"))
    problem(await undo(api, done), 409, "conflict")


async def test_all_logins_of_a_customer_end(api, ports, blocked) -> None:
    await customer(ports)
    now = ports.clock()
    for n in range(3):
        session = Session(
            session_hash=f"h{n}", user_id="user_1", authenticated_at=now, expires_at=Instant(now + 99), sid=f"sid_{n}"
        )
        await ports.records.add_session(session)
    assert (await respond(api, "end-logins", "user", "user_1"))["state"] == "done"
    assert await ports.records.list_sessions("user_1", now) == []
    assert [await blocked(session_block(f"sid_{n}")) for n in range(3)] == [True] * 3


async def test_a_client_is_slowed(api, ports, asked) -> None:
    client_id = await client_of(api, asked)
    await respond(api, "throttle", "client", client_id, seconds=60, factor=20.0)
    slowed = Admission(buckets=(Bucket(b"x", 1.0, 20.0, slowed_by=(throttle_mark("client", client_id),)),))
    passed = [(await ports.fast.admit(slowed, ports.clock())).limited < 0 for _ in range(30)]
    assert passed.count(True) == 2


async def test_taking_back_one_of_two_leaves_the_other(api, blocked) -> None:
    short = await respond(api, "block", "network", "192.0.2.7", seconds=100, alert="a1")
    await respond(api, "block", "network", "192.0.2.7", seconds=50, alert="a2")
    await undo(api, short)
    assert await blocked(network_block("192.0.2.7"), 49)
    assert not await blocked(network_block("192.0.2.7"), 51)


async def test_a_suspension_of_an_operators_own_is_lifted_by_an_operator_alone(api, ports, asked, blocked) -> None:
    """Before or after the response: taking that back is no word about the operator's."""
    for operator_first in (True, False):
        client_id = await client_of(api, asked | {"name": f"Acme {operator_first}"})
        if operator_first:
            await api.post(f"/clients/{client_id}/suspend")
        done = await respond(api, "suspend", "client", client_id, alert="a1")
        for _ in range(0 if operator_first else 3):
            await api.post(f"/clients/{client_id}/suspend")
        assert (await undo(api, done)).json()["state"] == "undone"
        assert (await ports.records.client(client_id)).status == "suspended"
        assert await blocked(client_block(client_id))
        await api.post(f"/clients/{client_id}/activate")
        assert (await ports.records.client(client_id)).status == "active"
        assert not await blocked(client_block(client_id))


async def test_what_an_operator_has_let_go_on_holds_nothing_any_longer(api, ports, asked) -> None:
    """Else the next response could not be taken back: what was lifted by hand would still seem to stand."""
    client_id = await client_of(api, asked)
    await respond(api, "suspend", "client", client_id, alert="a1")
    await api.post(f"/clients/{client_id}/activate")
    again = await respond(api, "suspend", "client", client_id, alert="a2")
    assert (await ports.records.client(client_id)).status == "suspended"
    await undo(api, again)
    assert (await ports.records.client(client_id)).status == "active"
