import base64
import hashlib
import hmac

from ringfence.clock import Instant
from ringfence.export.signature import signed_headers
from ringfence.secret import Secret


def test_a_receiver_can_tell_that_it_is_ours_whole_and_new() -> None:
    headers = signed_headers(Secret("s" * 32), "msg_1-a", b'{"a":1}', Instant(1_800_000_000.9))
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("msg_1-a", "1800000000")
    mac = hmac.new(b"s" * 32, b'msg_1-a.1800000000.{"a":1}', hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(mac).decode()


def test_any_change_changes_the_signature() -> None:
    def signature(secret: str = "s", name: str = "m", body: bytes = b"b", now: float = 5.0) -> str:
        return signed_headers(Secret(secret), name, body, Instant(now))["webhook-signature"]

    assert len({signature(), signature("t"), signature(name="n"), signature(body=b"c"), signature(now=6.0)}) == 5
