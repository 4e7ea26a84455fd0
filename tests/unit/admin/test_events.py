"""`/events`: pages of the stream."""


async def test_events_are_read_from_a_position_on(api, ports) -> None:
    await ports.stream.append([b'{"event":"e","n":%d}' % n for n in range(1, 6)])
    page = (await api.get("/events", params={"after": 2, "limit": 2})).json()
    assert page == {
        "items": [{"position": 3, "event": {"event": "e", "n": 3}}, {"position": 4, "event": {"event": "e", "n": 4}}],
        "next": 4,
    }
    assert [i["position"] for i in (await api.get("/events", params={"last": 2})).json()["items"]] == [4, 5]
    assert (await api.get("/events", params={"after": 5})).json() == {"items": [], "next": 5}
