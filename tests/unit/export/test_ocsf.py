"""OCSF, held against the published schema."""

import json
from pathlib import Path

import jsonschema_rs
import msgspec
import pytest

from ringfence.events import AlertRaised, CallDecided, LoginDecided, TokenDecided
from ringfence.export.ocsf import to_ocsf
from ringfence.export.record import Record, read_record
from ringfence.export.redaction import Redaction, redact
from ringfence.export.table import row_of
from ringfence.store.interface import StoredEvent
from tests.whole_events import KINDS, ORIGIN, full, record_of, stored

PUBLISHED = json.loads((Path(__file__).parents[2] / "vectors" / "ocsf_1_8_0.json").read_text())
VALIDATORS = {
    int(uid): jsonschema_rs.Draft202012Validator({**schema, "$defs": PUBLISHED["$defs"]})
    for uid, schema in PUBLISHED["classes"].items()
}


def exported(record: Record) -> dict:
    """The event in OCSF, if the published schema has nothing against it."""
    document = to_ocsf(record, row_of(record.tag), ORIGIN)
    errors = [f"{e.instance_path}: {e.message}" for e in VALIDATORS[document["class_uid"]].iter_errors(document)]
    assert errors == []
    return document


def values(document: object) -> list:
    if isinstance(document, dict):
        return [v for member in document.values() for v in values(member)]
    if isinstance(document, list):
        return [document, *(v for item in document for v in values(item))]
    return [document]


@pytest.mark.parametrize("kind", KINDS)
def test_every_event_is_valid_and_loses_no_field(kind: type) -> None:
    record = read_record(stored(full(kind)))
    found = values(exported(record))
    for name, value in record.fields.items():
        told = round(value * 1000) if name == "at" else value
        assert told in found, name


@pytest.mark.parametrize("kind", KINDS)
def test_every_event_is_valid_when_it_says_as_little_as_it_can(kind: type) -> None:
    event = full(kind)
    blank = {
        name: type(getattr(event, name))()
        for name in kind.__struct_fields__
        if isinstance(getattr(event, name), str | tuple | bool)
    }
    record = read_record(stored(msgspec.structs.replace(event, **blank)))
    document = exported(record)
    if record.tag == "call.decided.v1":
        assert document["src_endpoint"] == {"name": "unknown"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["hash", "drop"])
def test_every_event_is_valid_when_everything_is_redacted(kind: type, method: str) -> None:
    by = Redaction(frozenset({"identifier", "personal", "network", "free"}), method, b"k" * 32)
    exported(redact(read_record(stored(full(kind))), by))


def test_an_event_of_a_later_version_is_valid() -> None:
    document = exported(read_record(StoredEvent(1, b'{"event":"vault.opened.v1","at":5,"pin":"1234"}')))
    assert document["unmapped"] == {"said": "vault.opened.v1"}


def test_the_schema_refuses_what_is_wrong() -> None:
    document = exported(record_of(CallDecided, network="192.0.2.1"))
    for change in ({"activity_id": 77}, {"invented": 1}, {"src_endpoint": {"ip": "nowhere"}}):
        assert not VALIDATORS[6003].is_valid(document | change)
    del document["actor"]
    assert not VALIDATORS[6003].is_valid(document)


def test_a_call() -> None:
    document = exported(record_of(CallDecided, allowed=False, method="POST", network="2001:db8::/64", status=403))
    assert (document["type_uid"], document["severity_id"], document["status_id"]) == (600301, 2, 2)
    assert document["src_endpoint"] == {"name": "2001:db8::/64"}
    assert document["http_response"] == {"code": 403}
    assert exported(record_of(CallDecided, network="192.0.2.1"))["src_endpoint"] == {"ip": "192.0.2.1"}


def test_a_login_of_nobody_known_has_the_hash_of_the_name() -> None:
    assert exported(record_of(LoginDecided, user=""))["user"] == {"uid_alt": "v-username_hash", "name": "unknown"}


def test_at_the_token_endpoint_the_one_who_authenticates_is_the_client() -> None:
    document = exported(record_of(TokenDecided, grant_type="refresh_token"))
    assert document["user"] == {"uid": "v-client", "type_id": 4}
    assert document["type_uid"] == 300205


def test_an_alert_is_a_finding_with_its_evidence() -> None:
    document = exported(record_of(AlertRaised, level="critical", network="192.0.2.1"))
    assert (document["class_uid"], document["severity_id"]) == (2004, 5)
    assert document["finding_info"]["uid"] == "v-alert"
    assert document["evidences"][0]["src_endpoint"] == {"ip": "192.0.2.1"}
