from ringfence.clock import Instant
from ringfence.store.risk import Piece, entity_key, row_of

NOW = Instant(1_800_000_000.0)
MIA = {"kind": "user", "value": "user_mia"}


async def say(ports, kind: str, value: str, *reasons: str) -> None:
    row = row_of([Piece(reason, 0.6, 1800.0, Instant(NOW - 1800)) for reason in reasons])
    await ports.risks.put({entity_key(kind, value): row})


async def test_what_speaks_against_somebody_is_shown(api, ports) -> None:
    await say(ports, "user", "user_mia", "a", "b")
    shown = (await api.post("/risk/show", json=MIA)).json()
    assert shown["score"] == 0.51
    assert [(a["reason"], a["weight"], a["half_life"]) for a in shown["against"]] == [
        ("a", 0.3, 1800),
        ("b", 0.3, 1800),
    ]
    nobody = (await api.post("/risk/show", json={"kind": "client", "value": "c"})).json()
    assert (nobody["score"], nobody["against"]) == (0, [])


async def test_a_network_is_named_as_the_gateway_names_it(api, ports) -> None:
    await say(ports, "network", "2001:db8:1:2::/64", "a")
    asked = {"kind": "network", "value": "2001:db8:1:2:3::4"}
    assert (await api.post("/risk/show", json=asked)).json()["score"] == 0.3


async def test_it_is_cleared_once_and_on_record(api, ports, recorder, problem) -> None:
    await say(ports, "user", "user_mia", "a")
    cleared = await api.post("/risk/clear", json=MIA | {"why": "it was her"})
    assert (cleared.status_code, cleared.json()["score"]) == (200, 0.3)
    assert (await api.post("/risk/show", json=MIA)).json()["score"] == 0
    problem(await api.post("/risk/clear", json=MIA | {"why": "again"}), 404, "not-found")
    (event,) = recorder.events
    assert (event.kind, event.value, event.score, event.actor) == ("user", "user_mia", 0.3, "uid:1000")


async def test_an_unreadable_row_is_shown_and_can_be_cleared(api, ports) -> None:
    await ports.risks.put({entity_key("user", "user_mia"): b"\xff" * 20})
    shown = (await api.post("/risk/show", json=MIA)).json()
    assert [a["reason"] for a in shown["against"]] == ["unreadable"]
    assert (await api.post("/risk/clear", json=MIA | {"why": "broken"})).status_code == 200
    assert (await api.post("/risk/show", json=MIA)).json()["score"] == 0


async def test_without_a_record_nothing_is_cleared(api, ports, recorder, problem) -> None:
    await say(ports, "user", "user_mia", "a")
    recorder.broken = True
    assert (await api.post("/risk/clear", json=MIA | {"why": "x"})).status_code == 503
    assert ports.risks.get([b"user:user_mia"]) != [None]


async def test_malformed_questions_are_refused(api, problem) -> None:
    problem(await api.post("/risk/show", json={"kind": "planet", "value": "x"}), 400, "admin-request")
    problem(await api.post("/risk/show", json={"kind": "network", "value": "example.org"}), 400, "admin-request")
    problem(await api.post("/risk/show", json={"kind": "user", "value": ""}), 400, "admin-request")
