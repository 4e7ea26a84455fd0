"""The catalogue is closed: every kind of event is in it, and none of its members leaks by being new."""

import typing

import msgspec
import pytest
from logs import NOW, Running

from ringfence.audit.catalogue import PERSONAL, part
from ringfence.audit.record import read
from ringfence.audit.tiles import entries
from ringfence.clock import Instant
from ringfence.events import Event
from ringfence.events.actions import AdminActed

KINDS = typing.get_args(Event)

ABOUT_PEOPLE = {
    "user",
    "network",
    "username_hash",
    "ip",
    "device",
    "email",
    "phone",
    "address",
    "name",
    "username",
    "person",
}
"""Names of members that are about people, in whatever kind of event they turn up."""


def filled(kind):
    values = {
        float: 1.5, str: "secret-text", bool: True, int: 7, Instant: Instant(1.5), tuple[str, ...]: ("b", "a"),
    }  # fmt: skip
    fields = msgspec.structs.fields(kind)
    return kind(**{f.name: values[f.type] for f in fields if f.required or f.type in values})


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_row(kind):
    assert kind in PERSONAL, f"say in audit/catalogue.py what of {kind.__name__} is about a person"
    names = {field.name for field in msgspec.structs.fields(kind)}
    assert set(PERSONAL[kind]) <= names
    assert names & ABOUT_PEOPLE <= set(PERSONAL[kind])


def test_the_table_has_no_row_too_many():
    assert set(PERSONAL) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_goes_into_the_log_with_its_personal_members_sealed(running: Running, kind):
    event = filled(kind)
    running.grow([event])
    (data,) = entries(running.directory, 1)
    record = read(data)
    assert record.event["event"] == kind.__struct_config__.tag
    assert not set(PERSONAL[kind]) & set(record.event)
    assert (record.sealed is not None) == bool(PERSONAL[kind])
    everything = msgspec.json.decode(msgspec.json.encode(event))
    assert {**everything, **record.event} == everything


def test_a_kind_that_nobody_has_looked_at_does_not_leak():
    parted = part({"event": "new.thing.v1", "user": "user_x", "network": "192.0.2.1", "what": "x"}, "day:2026-11-25")
    assert parted.plain == {"event": "new.thing.v1", "what": "x"}
    assert parted.person == "user_x"


def test_people_who_are_not_known_share_the_key_of_the_day():
    parted = part({"event": "call.decided.v1", "user": "", "network": "192.0.2.1"}, "day:2026-11-25")
    assert (parted.person, parted.personal) == ("day:2026-11-25", {"network": "192.0.2.1"})


def test_an_administrators_act_on_a_customer_is_about_the_customer():
    event = AdminActed(NOW, "c", "uid:0", "user.disabled", "user_abc")
    parted = part(msgspec.to_builtins(event), "day:2026-11-25")
    assert (parted.person, parted.personal) == ("user_abc", {"subject": "user_abc"})
    on_client = msgspec.structs.replace(event, subject="client_abc")
    assert part(msgspec.to_builtins(on_client), "day").personal == {}
