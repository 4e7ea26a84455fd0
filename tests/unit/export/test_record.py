import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.events import CallDecided
from ringfence.export.record import NOT_UNDERSTOOD, read_record
from ringfence.store.interface import StoredEvent
from tests.whole_events import KINDS, full, record_of, stored


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_every_kind_is_in_the_record(kind: type) -> None:
    record = read_record(stored(full(kind)))
    assert set(record.fields) == set(kind.__struct_fields__)
    assert record.tag == kind.__struct_config__.tag
    assert record.tag.startswith(record.kind + ".v")


def test_the_same_event_has_the_same_name_and_another_event_at_its_place_another() -> None:
    first, again = stored(full(CallDecided)), stored(full(CallDecided))
    assert read_record(first).uid == read_record(again).uid
    later = msgspec.structs.replace(full(CallDecided), at=Instant(1_800_000_001.0))
    assert len({read_record(r).uid for r in (first, stored(later), stored(full(CallDecided), 8))}) == 3


def test_the_name_tells_nothing_of_what_may_be_redacted() -> None:
    assert read_record(stored(full(CallDecided, "w"))).uid == read_record(stored(full(CallDecided))).uid


def test_a_size_that_is_not_known_is_not_there() -> None:
    assert "response_bytes" not in record_of(CallDecided, response_bytes=-1).fields
    assert record_of(CallDecided, response_bytes=0).fields["response_bytes"] == 0


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        (b'{"event":"vault.opened.v1","at":12.5,"pin":"1234"}', {"at": 12.5, "said": "vault.opened.v1"}),
        (b'{"event":"call.decided.v1","at":12.5}', {"at": 12.5, "said": "call.decided.v1"}),
        (b'{"event":"x","at":1e300}', {"at": 0.0, "said": "x"}),
        (b'{"event":"x","at":"y"}', {"at": 0.0, "said": "x"}),
        (
            b'{"event":"session.ended.v1","at":1e300,"correlation":"c","user":"u"}',
            {"at": 0.0, "said": "session.ended.v1"},
        ),
        (b"[]", {"at": 0.0, "said": ""}),
        (b"\xff\xfe", {"at": 0.0, "said": ""}),
        (b"", {"at": 0.0, "said": ""}),
    ],
)
def test_an_event_of_a_later_version_is_told_without_its_fields(data: bytes, fields: dict) -> None:
    record = read_record(StoredEvent(3, data))
    assert (record.tag, record.fields) == (NOT_UNDERSTOOD, fields)
    assert record.kind == "event.not_understood"


def test_what_is_told_of_it_is_short() -> None:
    record = read_record(StoredEvent(3, msgspec.json.encode({"event": "e" * 9000, "at": 1})))
    assert len(record.fields["said"]) == 64
