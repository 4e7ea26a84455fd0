"""`/users`: a customer's life, and that the password is nowhere."""

import pytest

from ringfence.store.blocks import user_block


async def test_a_user_is_added_and_the_password_is_nowhere(api, ports, problem) -> None:
    asked = {"username": "ann", "password": "correct horse", "name": "Ann"}
    added = await api.post("/users", json=asked)
    assert added.status_code == 201
    kept = await ports.records.user_by_name("ann")
    assert kept.password_hash == "hashed 13"
    for response in (added, await api.get("/users"), await api.get(f"/users/{kept.user_id}")):
        assert "hash" not in response.text
        assert "correct" not in response.text
    problem(await api.post("/users", json=asked), 409, "conflict")


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"password": "short"}, "/password"),
        ({"password": "password123"}, "/password"),
        ({"password": "x" * 1025}, "/password"),
        ({"password": "ä" * 600}, "/password"),
        ({"username": ""}, "/username"),
        ({"username": "a\u202eb"}, "/username"),
        ({"username": "x" * 129}, "/username"),
        ({"name": "a\nb"}, "/name"),
    ],
)
async def test_a_bad_user_is_refused(api, change: dict[str, str], at: str, problem) -> None:
    response = await api.post("/users", json={"username": "ann", "password": "correct horse", **change})
    assert problem(response, 400, "admin-request")["errors"][0]["at"] == at


async def test_disable_blocks_enable_unblocks_remove_removes(api, asked, recorder, problem, blocked, add_grant) -> None:
    client_id = (await api.post("/clients", json=asked)).json()["client_id"]
    user_id = (await api.post("/users", json={"username": "ann", "password": "correct horse"})).json()["user_id"]
    await add_grant(client_id, user_id)
    assert (await api.post(f"/users/{user_id}/disable")).json()["status"] == "disabled"
    assert await blocked(user_block(user_id))
    assert (await api.post(f"/users/{user_id}/enable")).json()["status"] == "active"
    assert not await blocked(user_block(user_id))
    assert (await api.delete(f"/users/{user_id}")).json() == {"user_id": user_id, "removed": True}
    assert await blocked(user_block(user_id))
    assert (await api.get("/grants")).json() == {"items": []}
    assert recorder.names()[2:] == ["user.disabled", "user.enabled", "user.removed"]
    problem(await api.post(f"/users/{user_id}/disable"), 404, "not-found")


async def test_an_operator_removes_an_authenticator_that_was_lost(api, ports) -> None:
    user_id = (await api.post("/users", json={"username": "ann", "password": "correct horse"})).json()["user_id"]
    await ports.records.enrol_authenticator(user_id, "sealed", 1, "x")
    shown = (await api.get(f"/users/{user_id}")).json()
    assert shown["authenticator"] is True
    assert "sealed" not in str(shown)
    removed = await api.post(f"/users/{user_id}/remove-authenticator")
    assert removed.json()["authenticator"] is False
    assert (await ports.records.user(user_id)).recovery_codes == ""
    assert (await api.post("/users/nobody/remove-authenticator")).status_code == 404
