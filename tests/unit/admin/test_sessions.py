"""`/sessions`: listing, and ends that reach everybody."""

from ringfence.clock import Instant
from ringfence.store.blocks import grant_block, session_block, user_block
from ringfence.store.consent_states import ConsentState
from ringfence.store.model import Consent, Session

NOW = Instant(1_800_000_000.0)


async def logged_in(api, ports, number=1) -> str:
    users = (await api.get("/users")).json()["items"]
    if not users:
        users = [(await api.post("/users", json={"username": "mia", "password": "long enough"})).json()]
    await ports.records.add_session(
        Session(
            session_hash=f"hash_{number}",
            user_id=users[0]["user_id"],
            device="Firefox",
            authenticated_at=Instant(NOW - 10),
            expires_at=Instant(NOW + 100),
            sid=f"sid_{number}",
        )
    )
    return users[0]["user_id"]


async def test_an_end_reaches_gateway_and_clients(api, asked, ports, recorder, blocked, problem) -> None:
    client_id = (await api.post("/clients", json=asked | {"backchannel_logout_uri": "https://a.example/out"})).json()[
        "client_id"
    ]
    user_id = await logged_in(api, ports)
    await ports.records.note_session_client("sid_1", client_id, NOW)
    (shown,) = (await api.get("/sessions")).json()["items"]
    assert (shown["session_id"], shown["user_id"], shown["device"]) == ("sid_1", user_id, "Firefox")
    assert "hash" not in str(shown)
    ended = await api.post("/sessions/sid_1/end", json={"why": "telephone lost"})
    assert ended.json() == {"session_id": "sid_1", "ended": True, "grants_revoked": []}
    assert await blocked(session_block("sid_1"), 3_660)
    assert (await api.get("/sessions")).json() == {"items": []}
    assert recorder.names()[-2:] == ["SessionEnded", "session.ended"]
    (notice,) = await ports.records.claim_notices(NOW, Instant(NOW + 60), 5)
    assert (notice.client_id, notice.sid) == (client_id, "sid_1")
    problem(await api.post("/sessions/sid_1/end", json={}), 404, "not-found")
    problem(await api.get("/sessions", params={"limit": "x"}), 400, "admin-request")


async def test_with_the_grants_that_were_given_in_it(api, asked, ports, blocked, add_grant) -> None:
    client_id = (await api.post("/clients", json=asked)).json()["client_id"]
    user_id = await logged_in(api, ports)
    for number, decided in ((1, NOW - 5), (2, NOW - 50)):
        await add_grant(client_id, user_id, number)
        consent = Consent(
            consent_id=f"consent_{number}",
            client_id=client_id,
            user_id=user_id,
            grant_id=f"grant_{number}",
            state=ConsentState.AUTHORISED,
            scopes=(),
            created_at=NOW,
            decided_at=Instant(decided),
            changed_at=NOW,
            expires_at=Instant(NOW + 100),
        )
        async with ports.records._database.writing() as connection:
            from ringfence.store.rows import to_owned_row  # noqa: PLC0415 - only this test writes one by hand
            from ringfence.store.schema import consents  # noqa: PLC0415

            await connection.execute(consents.insert().values(to_owned_row(consent)))
    ended = await api.post("/sessions/sid_1/end", json={"with_grants": True})
    assert ended.json()["grants_revoked"] == ["grant_1"]
    assert await blocked(grant_block("grant_1"))
    assert not await blocked(grant_block("grant_2"))


async def test_a_customer_who_is_stopped_is_logged_out_everywhere(api, ports, recorder, blocked) -> None:
    user_id = await logged_in(api, ports)
    await logged_in(api, ports, 2)
    await api.post(f"/users/{user_id}/disable")
    for key in (user_block(user_id), session_block("sid_1"), session_block("sid_2")):
        assert await blocked(key)
    assert recorder.names().count("SessionEnded") == 2
    assert (await api.get("/sessions", params={"user_id": user_id})).json() == {"items": []}
