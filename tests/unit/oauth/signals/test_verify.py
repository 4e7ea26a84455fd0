import asyncio

import pytest

from ringfence.oauth.signals.caep import VERIFICATION


async def test_a_verification_event_comes_with_its_state(bank, receiver):
    stream = await receiver.make(events_requested=["https://example.com/unknown"])
    answer = await receiver.call("POST", "verify", {"stream_id": stream, "state": "s1"})
    assert (answer.status_code, answer.content) == (204, b"")
    (token,) = (await receiver.poll())["sets"].values()
    header, claims = await receiver.read(token)
    assert header["alg"] == "RS256"
    assert claims["sub_id"] == {"format": "opaque", "id": stream}
    assert claims["events"] == {VERIFICATION: {"state": "s1"}}
    assert claims["aud"] == "client_told"


async def test_not_too_often_however_many_ask_at_once(bank, receiver):
    stream, token = await receiver.make(), await receiver.token()
    asked = [receiver.call("POST", "verify", {"stream_id": stream}, token) for _ in range(4)]
    answers = await asyncio.gather(*asked)
    assert sorted(answer.status_code for answer in answers) == [204, 429, 429, 429]
    assert any(answer.headers.get("retry-after") == "30" for answer in answers)
    bank.clock.forward(31)
    assert (await receiver.call("POST", "verify", {"stream_id": stream})).status_code == 204
    assert len((await receiver.poll())["sets"]) == 2


async def test_status_is_told_and_changed(bank, receiver):
    stream = await receiver.make()
    assert (await receiver.call("GET", "status", stream_id=stream)).json() == {
        "stream_id": stream,
        "status": "enabled",
    }
    assert (await receiver.call("GET", "status")).status_code == 404
    await receiver.grant()
    await receiver.feed(receiver.ended())
    changed = await receiver.call("POST", "status", {"stream_id": stream, "status": "paused", "reason": "night"})
    assert changed.json() == {"stream_id": stream, "status": "paused", "reason": "night"}
    assert (await receiver.poll())["sets"] == {}
    await receiver.call("POST", "status", {"stream_id": stream, "status": "enabled"})
    assert len((await receiver.poll())["sets"]) == 1
    await receiver.call("POST", "status", {"stream_id": stream, "status": "disabled"})
    assert (await receiver.call("POST", "verify", {"stream_id": stream})).status_code == 409
    await receiver.call("POST", "status", {"stream_id": stream, "status": "enabled"})
    assert (await receiver.poll())["sets"] == {}


@pytest.mark.parametrize("status", ["", "on", 1, None, ["enabled"]])
async def test_what_is_no_status(receiver, status):
    stream = await receiver.make()
    answer = await receiver.call("POST", "status", {"stream_id": stream, "status": status})
    assert answer.status_code == 400
