import msgspec
import pytest

from ringfence.events import AlertRaised, BlockChanged, CallDecided, LoginDecided, TokenDecided
from ringfence.export.classes import FIELDS
from ringfence.export.record import Record, read_record
from ringfence.export.redaction import REDACTED, Redaction, redact
from tests.whole_events import KINDS, full, record_of, stored

KEY = b"k" * 32
NOTHING = Redaction(frozenset(), "hash", b"")


def by(*classes: str, method: str = "hash", key: bytes = KEY) -> Redaction:
    return Redaction(frozenset(classes), method, key)


@pytest.mark.parametrize("kind", KINDS)
def test_by_default_every_field_leaves_as_it_is(kind: type) -> None:
    record = read_record(stored(full(kind)))
    assert redact(record, NOTHING) == record


@pytest.mark.parametrize("method", ["hash", "drop"])
@pytest.mark.parametrize("kind", KINDS)
def test_of_a_redacted_class_nothing_is_left_in_any_field(kind: type, method: str) -> None:
    record = read_record(stored(full(kind)))
    for chosen in ("identifier", "personal", "network", "free"):
        left = redact(record, by(chosen, method=method)).fields
        for name, value in record.fields.items():
            gone = chosen in FIELDS[name] and isinstance(value, str | list)
            assert (left[name] != value) is gone, (name, left[name])
            if gone and isinstance(value, str):
                assert f'"{value}"' not in msgspec.json.encode(left).decode()


def test_a_hash_is_the_same_for_the_same_value_and_key_alone() -> None:
    login = record_of(LoginDecided, user="user_1")
    call = record_of(CallDecided, user="user_1")
    one, two = (redact(r, by("personal")).fields["user"] for r in (login, call))
    assert one == two
    assert one.startswith("hmac:")
    assert redact(login, by("personal", key=b"l" * 32)).fields["user"] != one
    assert redact(record_of(LoginDecided, user="user_2"), by("personal")).fields["user"] != one


def test_what_is_taken_out_of_its_field_is_taken_out_of_the_text_beside_it() -> None:
    person = "user_" + "a" * 26
    other = "user_" + "b" * 26
    alert = record_of(
        AlertRaised,
        network="192.0.2.7",
        user=person,
        explanation=f"12 tries by {person} and {other} from 192.0.2.7, 192.0.2.0/24, 2001:db8:1:2::/64 at 10:30, ratio 0.5",
    )
    text = redact(alert, by("network", "personal")).fields["explanation"]
    for secret in ("192.0.2", "2001:db8", person, other):
        assert secret not in text
    assert text.endswith("at 10:30, ratio 0.5")
    dropped = redact(alert, by("network", method="drop")).fields["explanation"]
    assert dropped.startswith(f"12 tries by {person}")
    assert dropped.count(REDACTED) == 3


def test_a_value_of_several_classes_goes_with_any_of_them() -> None:
    block = record_of(BlockChanged, value="192.0.2.7")
    for chosen in ("identifier", "personal", "network"):
        assert redact(block, by(chosen)).fields["value"].startswith("hmac:")


def test_an_empty_field_stays_empty_and_tells_so() -> None:
    assert redact(record_of(TokenDecided, user=""), by("personal")).fields["user"] == ""


def test_a_field_without_a_class_does_not_leave() -> None:
    assert (
        redact(Record(1, "1-a", "x.y.v1", {"at": 1.0, "brand_new": "secret"}), NOTHING).fields["brand_new"] == REDACTED
    )


def test_texts_are_masked_and_our_hashes_are_not() -> None:
    digest = "ab" * 32
    record = record_of(CallDecided, path="/cards/4111111111111111", suspicious=["/iban GB82WEST12345698765432=sql"])
    left = redact(record, NOTHING).fields
    assert left["path"] == "/cards/[card]"
    assert left["suspicious"] == ["/iban [iban]=sql"]
    for hashed in (digest, "A" * 43):
        assert redact(record_of(LoginDecided, username_hash=hashed), NOTHING).fields["username_hash"] == hashed
    told = redact(record_of(CallDecided, signed_by="4111111111111111"), NOTHING).fields["signed_by"]
    assert told == "[card]"
