from ringfence.clock import Instant
from ringfence.keys.purposes import Kind
from ringfence.keys.records import KeyRecord
from ringfence.keys.states import State


def test_a_record_does_not_print_its_handle() -> None:
    key = KeyRecord(
        key_id="key_1",
        kid="k",
        purpose="token",
        kind=Kind.ES256,
        provider="local",
        handle=b"sealed bytes",
        public=b"",
        state=State.ACTIVE,
        created_at=Instant(0.0),
        activate_at=Instant(0.0),
    )
    assert "sealed bytes" not in repr(key)
    assert "key_1" in repr(key)
