import msgspec
import pytest

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
