import random

from ringfence.clock import Instant
from ringfence.detect.fields import as_text, fields_of, known_fields, numbers_of, reader
from ringfence.events import CallDecided, LoginDecided
from ringfence.simulation.traffic import ATTACKS, Simulation


def test_events_have_their_members_and_what_is_worked_out() -> None:
    call = CallDecided(Instant(1.0), "c", "t", allowed=True, status=200, network="::ffff:192.0.2.7", response_bytes=-1)
    fields = fields_of(call)
    assert fields["event"] == "call.decided.v1"
    assert (fields["network"], fields["network_prefix"], fields["bytes"]) == ("192.0.2.7", "192.0.2.0/24", 0)
    login = LoginDecided(Instant(1.0), "c", allowed=False, username_hash="u")
    assert fields_of(login)["network"] == ""
    assert fields.keys() | fields_of(login).keys() <= known_fields()


def test_values_name_groups_as_text() -> None:
    assert [as_text(v) for v in ("a", 1, True, ("x",))] == ["a", "1", "true", '["x"]']


def test_a_reader_reads_what_the_fields_have() -> None:
    world = Simulation(60, random.Random(72))
    attacks = [world.attack(name, "distributed", 3600.0, n) for n, name in enumerate(ATTACKS)]
    kinds = set()
    for told in world.run(0.25, attacks, first_hour=8):
        fields = fields_of(told.event)
        kinds.add(type(told.event))
        for name in known_fields():
            assert reader(type(told.event), name)(told.event) == fields.get(name, ""), name
    assert len(kinds) >= 3


def test_numbers_are_what_adds_up_whatever_event_it_stands_in() -> None:
    calls = numbers_of(frozenset({"call.decided.v1"}))
    assert {"at", "status", "bytes", "response_bytes"} <= calls
    assert not {"allowed", "path", "policies"} & calls
    for told in Simulation(30, random.Random(3)).run(0.1, [], first_hour=9):
        for name in numbers_of(frozenset()):
            float(reader(type(told.event), name)(told.event) or 0)
