from pathlib import Path

import msgspec
import pytest
from calls import NOW, request
from world import World

from ringfence.audit.receipt import ReceiptKey, check, read
from ringfence.clock import Instant
from ringfence.events.calls import CallDecided
from ringfence.gateway.receipts import receipt_key, with_receipt
from ringfence.message import Response
from ringfence.store.interface import Unavailable

KEY = ReceiptKey("day-1", bytes(32))
EVENT = CallDecided(Instant(1.5), "a" * 26, "t", allowed=True, status=200, client="client_a", path="/a")


def test_a_receipt_is_put_last_and_holds_for_the_event() -> None:
    answer = with_receipt(Response(200, (("content-type", "text/plain"),), b"x"), EVENT, KEY)
    assert answer.headers[0] == ("content-type", "text/plain")
    name, value = answer.headers[1]
    assert (name, answer.status, answer.body) == ("ringfence-receipt", 200, b"x")
    check(read(value), msgspec.to_builtins(EVENT), KEY)


class Keys:
    def key(self, now: Instant) -> ReceiptKey:
        return KEY


def test_without_keys_there_is_no_receipt() -> None:
    assert receipt_key(Keys(), Instant(1.0)) is KEY
    with pytest.raises(Unavailable):
        receipt_key(None, Instant(1.0))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


class DayKeys:
    def __init__(self) -> None:
        self.gone = False

    def key(self, now: Instant) -> ReceiptKey:
        if self.gone:
            raise Unavailable("no key")
        return ReceiptKey("day-1", bytes(32))


async def test_with_receipts_every_answer_carries_one_for_its_event(world: World) -> None:
    keys = DayKeys()
    world.gateway.replace(msgspec.structs.replace(world.gateway._rules, receipts=True))
    world.gateway._ports = msgspec.structs.replace(world.gateway._ports, receipts=keys)
    for req in (world.request(), request()):
        response = await world.call(req)
        held = read(dict(response.headers)["ringfence-receipt"])
        check(held, msgspec.to_builtins(world.recorder.events[-1]), keys.key(NOW))
    keys.gone = True
    reason, response = await world.refused(world.request())
    assert (reason, response.status) == ("unavailable", 503)
    assert "ringfence-receipt" not in dict(response.headers)


async def test_without_receipts_no_answer_carries_one(world: World) -> None:
    response = await world.call(world.request())
    assert "ringfence-receipt" not in dict(response.headers)
