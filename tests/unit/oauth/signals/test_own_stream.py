import pytest

from ringfence.oauth.signals.own_stream import text_in
from ringfence.problem import Refused

CALLS = (
    ("GET", "streams", None),
    ("POST", "streams", {}),
    ("PATCH", "streams", {"stream_id": "stream_x"}),
    ("PUT", "streams", {"stream_id": "stream_x"}),
    ("DELETE", "streams", None),
    ("GET", "status", None),
    ("POST", "status", {"stream_id": "stream_x", "status": "paused"}),
    ("POST", "verify", {"stream_id": "stream_x"}),
    ("POST", "poll", {"returnImmediately": True}),
)


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
async def test_no_scope_no_stream(receiver, method, path, body):
    token = await receiver.token("accounts")
    answer = await receiver.call(method, path, body, token)
    assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")
    assert "insufficient_scope" in answer.headers["www-authenticate"]


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
async def test_reading_is_all_that_the_reading_scope_is_for(receiver, method, path, body):
    stream = await receiver.make()
    token = await receiver.token("ssf.read")
    if method == "GET":
        assert (await receiver.call(method, path, None, token, stream_id=stream)).status_code == 200
    else:
        assert (await receiver.call(method, path, body, token)).status_code == 403


@pytest.mark.parametrize(("method", "path", "body"), [call for call in CALLS if call[1:] != ("streams", {})])
async def test_another_clients_stream_is_as_good_as_none(receiver, stranger, method, path, body):
    stream = await receiver.make()
    named = {"stream_id": stream} if method in {"GET", "DELETE"} else {}
    answer = await stranger.call(method, path, body and body | {"stream_id": stream}, **named)
    assert answer.status_code == 404
    assert (await receiver.call("GET", "status", stream_id=stream)).json()["status"] == "enabled"


async def test_another_clients_token_needs_its_key(receiver, stranger):
    await receiver.make()
    stolen = await receiver.token()
    answer = await stranger.call("POST", "poll", {"returnImmediately": True}, stolen)
    assert answer.status_code == 401


async def test_a_customers_token_is_no_receivers(bank, receiver):
    for scope in ("ssf.manage", "ssf.read", "accounts ssf.manage"):
        answer = await receiver.partner.push(scope=scope)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


async def test_without_a_token(bank):
    assert (await bank.http.post("/oauth/ssf/poll", json={})).status_code == 401


def test_texts():
    assert text_in({"a": "b"}, "a") == "b"
    assert text_in({}, "a") == ""
    for bad in (1, None, ["b"], "x" * 256):
        with pytest.raises(Refused):
            text_in({"a": bad}, "a")
    with pytest.raises(Refused):
        text_in({}, "a", needed=True)
