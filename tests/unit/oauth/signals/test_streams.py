import asyncio

import pytest

from ringfence.oauth.signals.caep import CREDENTIAL_CHANGE, SESSION_REVOKED, SUPPORTED


async def test_a_stream_is_made_read_changed_and_removed(receiver):
    assert (await receiver.call("GET", "streams")).json() == []
    asked = {"events_requested": [SESSION_REVOKED, "https://example.com/unknown"], "description": "ours"}
    asked["delivery"] = {"method": "urn:ietf:rfc:8936"}
    made = (await receiver.call("POST", "streams", asked)).json()
    stream = made["stream_id"]
    assert (made["iss"], made["aud"]) == ("https://bank.example", "client_told")
    assert made["delivery"] == {"method": "urn:ietf:rfc:8936", "endpoint_url": "https://bank.example/oauth/ssf/poll"}
    assert made["events_supported"] == list(SUPPORTED)
    assert (made["events_requested"], made["events_delivered"]) == (asked["events_requested"], [SESSION_REVOKED])
    assert (await receiver.call("GET", "streams")).json() == [made]
    assert (await receiver.call("GET", "streams", stream_id=stream)).json() == made
    change = {"stream_id": stream, "events_requested": [CREDENTIAL_CHANGE]}
    changed = (await receiver.call("PATCH", "streams", change)).json()
    assert (changed["events_delivered"], changed["description"]) == ([CREDENTIAL_CHANGE], "ours")
    replaced = (await receiver.call("PUT", "streams", {"stream_id": stream})).json()
    assert replaced["events_delivered"] == list(SUPPORTED)
    assert "description" not in replaced
    assert (await receiver.call("GET", "streams")).json() == [replaced]
    assert (await receiver.call("DELETE", "streams")).status_code == 404
    assert (await receiver.call("DELETE", "streams", stream_id=stream)).status_code == 204
    assert (await receiver.call("DELETE", "streams", stream_id=stream)).status_code == 404
    assert (await receiver.call("GET", "streams", stream_id=stream)).status_code == 404


async def test_one_stream_a_client_however_many_ask_at_once(receiver):
    token = await receiver.token()
    answers = await asyncio.gather(*(receiver.call("POST", "streams", {}, token) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]


@pytest.mark.parametrize(
    "body",
    [
        {"delivery": {"method": "urn:ietf:rfc:8935", "endpoint_url": "https://127.0.0.1/x"}},
        {"delivery": {"method": "urn:ietf:rfc:8935"}},
        {"delivery": "urn:ietf:rfc:8936"},
        {"delivery": {}},
        {"events_requested": "all"},
        {"events_requested": [1]},
        {"events_requested": [""]},
        {"events_requested": ["x"] * 33},
        {"description": {"a": 1}},
        {"description": "x" * 256},
        [],
    ],
)
async def test_what_is_no_stream(receiver, body):
    answer = await receiver.call("POST", "streams", body)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert (await receiver.call("GET", "streams")).json() == []


async def test_a_removed_client_leaves_nothing(bank, receiver):
    stream = await receiver.make()
    await receiver.grant()
    await receiver.feed(receiver.ended())
    assert await bank.ports.records.remove_client("client_told")
    assert await bank.ports.records.signal_stream("client_told") is None
    assert await bank.ports.records.pending_signals(stream, 9) == []
