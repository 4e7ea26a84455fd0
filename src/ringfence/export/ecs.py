"""An event as the Elastic Common Schema has it.  ECS 8.17."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from ringfence.export.document import put, says_something
from ringfence.export.network import address_version
from ringfence.export.record import Origin, Record
from ringfence.export.row import Row, outcome_of
from ringfence.export.severity import SCALE_OF_TEN

VERSION: Final = "8.17.0"

PLACES: Final[Mapping[str, str]] = {
    "actor": "user.name",
    "api": "service.name",
    "client": "organization.id",
    "code": "process.exit_code",
    "correlation": "transaction.id",
    "method": "http.request.method",
    "network": "source.address",
    "path": "url.path",
    "reason": "event.reason",
    "request_bytes": "http.request.bytes",
    "response_bytes": "http.response.bytes",
    "role": "process.name",
    "rule": "rule.id",
    "explanation": "rule.description",
    "title": "rule.name",
    "status": "http.response.status_code",
    "trace": "trace.id",
    "user": "user.id",
    "username_hash": "user.hash",
    "version": "service.version",
    "why": "event.reason",
}
"""By field; a field that is not here stands under `ringfence`."""


def to_ecs(record: Record, row: Row, origin: Origin) -> dict[str, Any]:
    """Return the event; what ECS has no field for stands under `ringfence`."""
    outcome = outcome_of(record.fields)
    document: dict[str, Any] = {
        "@timestamp": datetime.fromtimestamp(record.at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "ecs": {"version": VERSION},
        "message": row.title,
        "event": {
            "kind": row.ecs.kind,
            "category": list(row.ecs.category),
            "type": [row.ecs.type.of(record.fields)],
            "action": record.kind,
            "code": record.tag,
            "id": record.uid,
            "sequence": record.position,
            "module": "ringfence",
            "dataset": f"ringfence.{record.kind.partition('.')[0]}",
            "severity": SCALE_OF_TEN[row.severity.of(record.fields)],
            "outcome": {True: "success", False: "failure", None: "unknown"}[outcome],
        },
        "observer": {
            "vendor": "Ringfence",
            "product": "Ringfence",
            "version": origin.version,
            "hostname": origin.host,
        },
    }
    for name, value in record.fields.items():
        if name == "at" or not says_something(value):
            continue
        put(document, PLACES.get(name, f"ringfence.{name}"), value)
        if name == "network" and address_version(value):
            put(document, "source.ip", value)
    return document
