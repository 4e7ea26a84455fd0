import pytest
from logs import NOW, call, stored

from ringfence.audit.record import REDUCED, SALT_BYTES, EntryInvalid, read, write
from ringfence.clock import Instant
from ringfence.events.actions import PolicyLoaded
from ringfence.store.interface import StoredEvent

SALT = bytes(range(SALT_BYTES))
NOON = Instant(1_764_072_000.0)


def seal(person, plain, bound):
    return f"key of {person}", plain.decode() + "|" + bound


def test_an_entry_is_salt_and_the_canonical_record():
    (event,) = stored([call(1)], "gateway_0-1.journal", 17, 400)
    entry = write(event, seal, SALT, NOON)
    assert entry.data[:SALT_BYTES] == SALT
    assert entry.data[SALT_BYTES:].startswith(
        b'{"event":{"acr":"","actors":[],"agent":"","agent_class":"","allowed":true,'
    )
    record = read(entry.data)
    assert record == entry.record
    assert (record.position, record.producer, record.offset) == (17, "gateway_0-1.journal", 400)
    assert record.length == len(event.data) + 1
    assert record.sealed is not None
    assert record.sealed.data == '{"network":"192.0.2.7","user":"user_1"}|17 call.decided.v1'


def test_unknown_people_are_sealed_under_the_key_of_the_day_it_was_logged():
    (event,) = stored([call(1, user="")])
    record = read(write(event, seal, SALT, NOON).data)
    assert record.sealed is not None
    assert record.sealed.key == "key of day:2025-11-25"


@pytest.mark.parametrize(
    "data",
    [
        b'{"event":"x.v1","n":9007199254740993}',
        b'{"event":"x.v1","long":"' + b"x" * 70_000 + b'"}',
        b'["event"]', b"not json", b'{"event":"x.v1","text":"\xff"}',
    ],
)  # fmt: skip
def test_what_has_no_form_or_is_too_long_is_kept_by_its_hash_and_stops_nothing(data):
    record = read(write(StoredEvent(5, data, "j", 10), seal, SALT, NOON).data)
    assert record.event["event"] == REDUCED
    assert len(record.event["sha256"]) == 64
    assert record.length == len(data) + 1


def test_a_policy_with_a_thousand_mistakes_is_kept_by_its_hash():
    (event,) = stored([PolicyLoaded(NOW, "d", accepted=False, mistakes=("m" * 100,) * 1000)])
    assert read(write(event, seal, SALT, NOON).data).event["of"] == "policy.loaded.v1"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"v":1', b'"v":2'), (b'"v":1', b'"v":1,"w":1'), (b'"v":1', b'"v": 1'), (b'"position":17', b'"position":"17"'),
        (b'"event":{', b'"event":[{'), (b"{", b""), (b'"allowed":true', b'"allowed":tru'),
    ],
)  # fmt: skip
def test_what_the_log_does_not_write_is_no_entry(old, new):
    (event,) = stored([call(1)], "j", 17, 0)
    data = write(event, seal, SALT, NOON).data
    assert old in data
    with pytest.raises(EntryInvalid):
        read(data.replace(old, new, 1))
    with pytest.raises(EntryInvalid):
        read(data[:SALT_BYTES])
