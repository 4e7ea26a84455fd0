from datetime import datetime

import pytest

from ringfence.events import AlertRaised, CallDecided, LoginDecided, RoleExited
from ringfence.export.ecs import PLACES, to_ecs
from ringfence.export.record import read_record
from ringfence.export.table import row_of
from tests.whole_events import KINDS, ORIGIN, full, record_of, stored


def exported(record) -> dict:
    return to_ecs(record, row_of(record.tag), ORIGIN)


def at(document: dict, path: str) -> object:
    for segment in path.split("."):
        document = document[segment]
    return document


@pytest.mark.parametrize("kind", KINDS)
def test_no_field_is_lost(kind: type) -> None:
    record = read_record(stored(full(kind)))
    document = exported(record)
    for name, value in record.fields.items():
        if name != "at":
            assert at(document, PLACES.get(name, f"ringfence.{name}")) == value
    assert datetime.fromisoformat(document["@timestamp"]).timestamp() == record.at


@pytest.mark.parametrize("kind", KINDS)
def test_no_two_fields_of_an_event_have_one_place(kind: type) -> None:
    places = [PLACES[name] for name in kind.__struct_fields__ if name in PLACES]
    assert len(places) == len(set(places))


def test_what_every_event_says() -> None:
    document = exported(record_of(LoginDecided, allowed=False, network="192.0.2.1"))
    event = document["event"]
    assert (event["outcome"], event["action"], event["code"]) == ("failure", "login.decided", "login.decided.v1")
    assert event["severity"] == 3
    assert document["source"] == {"address": "192.0.2.1", "ip": "192.0.2.1"}
    assert document["observer"]["hostname"] == "bank.example"
    assert exported(record_of(AlertRaised))["event"]["kind"] == "alert"
    assert exported(record_of(RoleExited, code=-1))["process"]["exit_code"] == -1


def test_a_network_that_is_no_address_is_not_put_where_addresses_are_computed_with() -> None:
    assert exported(record_of(CallDecided, network="2001:db8::/64"))["source"] == {"address": "2001:db8::/64"}
