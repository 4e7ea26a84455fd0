import pytest

from ringfence.ids import system_random
from ringfence.keys.sealing import Sealer, Unsealable
from ringfence.oauth.signals.configuration import POLL, PUSH
from ringfence.oauth.signals.delivery import LONGEST_AUTHORIZATION, read_delivery
from ringfence.problem import Reason, Refused

SEALER = Sealer(b"k" * 32, system_random)
URL = "https://told.example/events"


def read(**delivery):
    return read_delivery({"delivery": delivery}, "stream_a", "client_a", SEALER)


def test_polling_is_meant_where_nothing_is_said():
    assert read_delivery({}, "stream_a", "client_a", SEALER) is None
    assert read(method=POLL) is None


def test_the_secret_is_sealed_to_the_stream():
    push = read(method=PUSH, endpoint_url=URL, authorization_header="Bearer s3cret")
    assert (push.endpoint_url, push.client_id) == (URL, "client_a")
    assert "s3cret" not in str(push)
    assert SEALER.unseal(push.sealed, "stream_a") == b"Bearer s3cret"
    with pytest.raises(Unsealable):
        SEALER.unseal(push.sealed, "stream_b")
    assert read(method=PUSH, endpoint_url=URL).sealed == ""


@pytest.mark.parametrize(
    "delivery",
    [
        {"method": "https://schemas.openid.net/secevent/risc/delivery-method/push"},
        {"method": PUSH},
        {"method": PUSH, "endpoint_url": 1},
        {"method": PUSH, "endpoint_url": "http://told.example/"},
        {"method": PUSH, "endpoint_url": "https://127.0.0.1/"},
        {"method": PUSH, "endpoint_url": "https://2130706433/"},
        {"method": PUSH, "endpoint_url": "https://user@told.example/"},
        {"method": PUSH, "endpoint_url": "https://localhost/"},
        {"method": PUSH, "endpoint_url": URL, "authorization_header": "a\r\nx: y"},
        {"method": PUSH, "endpoint_url": URL, "authorization_header": "a\n"},
        {"method": PUSH, "endpoint_url": URL, "authorization_header": " a"},
        {"method": PUSH, "endpoint_url": URL, "authorization_header": "ä"},
        {"method": PUSH, "endpoint_url": URL, "authorization_header": 5},
        {"method": PUSH, "endpoint_url": URL, "authorization_header": "x" * (LONGEST_AUTHORIZATION + 1)},
        {"method": PUSH, "endpoint_url": URL, "headers": {}},
    ],
)
def test_what_is_no_delivery(delivery):
    with pytest.raises(Refused) as refused:
        read(**delivery)
    assert refused.value.reason is Reason.OAUTH_REQUEST


async def test_the_secret_is_never_told_and_the_delivery_can_be_changed(receiver, pushed):
    shown = {"method": PUSH, "endpoint_url": "https://told.example/events"}
    (made,) = (await receiver.call("GET", "streams")).json()
    assert made["delivery"] == shown
    changed = await receiver.call("PATCH", "streams", {"stream_id": pushed, "description": "x"})
    assert changed.json()["delivery"] == shown
    assert (await receiver.bank.ports.records.signal_push(pushed)).sealed
    moved = {"method": PUSH, "endpoint_url": "https://other.example/"}
    changed = await receiver.call("PATCH", "streams", {"stream_id": pushed, "delivery": moved})
    assert changed.json()["delivery"] == moved
    # the secret was for the other place
    assert (await receiver.bank.ports.records.signal_push(pushed)).sealed == ""
    polled = (await receiver.call("PUT", "streams", {"stream_id": pushed})).json()
    assert polled["delivery"]["method"] == POLL
    assert (await receiver.poll())["sets"] == {}


async def test_who_is_pushed_to_does_not_poll(receiver, pushed):
    await receiver.feed(receiver.ended())
    answer = await receiver.call("POST", "poll", {"ack": ["x"]})
    assert answer.status_code == 409
