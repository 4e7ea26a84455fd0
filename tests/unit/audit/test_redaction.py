"""What the stream forgets of a person is what the log seals under that person's key, and the identifier wherever it is."""

import msgspec
import pytest

from ringfence.audit.catalogue import PERSONAL
from ringfence.audit.redaction import INSTEAD, redacted
from ringfence.clock import Instant
from ringfence.events import Event, decode, encode
from ringfence.events.actions import AdminActed
from ringfence.events.detection import AlertRaised
from ringfence.events.logins import LoginDecided

NOW = Instant(1_795_600_000.25)
MIA, TOM = "user_" + "m" * 26, "user_" + "t" * 26


def login(user: str, at: float = NOW) -> LoginDecided:
    return LoginDecided(
        Instant(at), "c", allowed=True, username_hash="f" * 64, user=user, network="192.0.2.7", agent="a", client="shop"
    )


def after(event: Event, person: str) -> Event:
    changed = redacted(encode(event), person)
    assert changed is not None
    assert person.encode() not in changed
    assert redacted(changed, person) is None  # once is enough
    return decode(changed)


def test_personal_members_are_empty_and_the_others_stand() -> None:
    cleared = msgspec.structs.replace(login(MIA), user="", username_hash="", network="", agent="")
    assert after(login(MIA), MIA) == cleared


def test_events_of_others_stay_byte_for_byte() -> None:
    assert redacted(encode(login(TOM)), MIA) is None
    assert redacted(encode(login("")), MIA) is None


def test_an_event_about_somebody_else_loses_the_name_alone() -> None:
    acted = AdminActed(NOW, "c", "uid:1000", "user.disabled", MIA)
    assert after(acted, MIA).subject == ""
    alert = AlertRaised(
        NOW, "c", "al", "r", "high", "alert", f"About {MIA}", f"{MIA} paid {TOM}", user=TOM, network="n"
    )
    told = after(alert, MIA)
    assert (told.user, told.network) == (TOM, "n")
    assert (told.title, told.explanation) == (f"About {INSTEAD}", f"{INSTEAD} paid {TOM}")


def test_an_identifier_that_is_a_word_is_taken_out_where_it_stands_alone() -> None:
    alert = AlertRaised(NOW, "c", "al", "r", "high", "alert", "Guessing", "guess", user=TOM, client="guess")
    told = decode(redacted(encode(alert), "guess") or b"")
    assert (told.title, told.explanation, told.client) == ("Guessing", "", "")


@pytest.mark.parametrize("person", ['mia "m"', "mïa\\", "mia\n"])
def test_identifiers_that_json_writes_otherwise_are_found(person: str) -> None:
    assert after(login(person), person).network == ""


def test_people_of_a_day_who_are_not_known() -> None:
    day = "day:2026-11-25"
    assert after_day(login(""), day).network == ""
    assert redacted(encode(login(MIA)), day) is None
    assert redacted(encode(login("", NOW + 2 * 86_400)), day) is None


def after_day(event: Event, day: str) -> Event:
    changed = redacted(encode(event), day)
    assert changed is not None
    return decode(changed)


def test_what_cannot_be_read_and_names_the_person_is_nothing_from_then_on() -> None:
    assert redacted(b'{"user":"' + MIA.encode(), MIA) == b"{}"
    assert redacted(b'["' + MIA.encode() + b'"]', MIA) == b"{}"
    assert redacted(b"\xff", "day:2026-11-25") is None
    assert redacted(b'{"event":"x","network":"n","at":1e300}', "day:2026-11-25") is None


def test_no_kind_has_personal_members_that_cannot_be_emptied() -> None:
    for kind, members in PERSONAL.items():
        types = {field.name: field.type for field in msgspec.structs.fields(kind)}
        assert {types[name] for name in members} <= {str, tuple[str, ...]}, kind
