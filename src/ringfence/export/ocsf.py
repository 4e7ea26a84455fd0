"""An event as the Open Cybersecurity Schema Framework has it.  OCSF 1.8.0."""

from typing import Any, Final

from ringfence.export.document import has, put, says_something
from ringfence.export.network import address_version
from ringfence.export.record import Origin, Record
from ringfence.export.row import Row, outcome_of

VERSION: Final = "1.8.0"
METHODS: Final = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})
"""What `http_request.http_method` may be."""
_SUCCESS, _FAILURE = 1, 2
_IDENTIFYING: Final = {"user": ("uid",), "src_endpoint": ("ip",), "actor": ("app_uid", "user", "session")}


def to_ocsf(record: Record, row: Row, origin: Origin) -> dict[str, Any]:
    """Return the event; what its class has no attribute for stands under `unmapped`."""
    class_uid, activity = row.ocsf.class_uid, row.ocsf.activity.of(record.fields)
    product = {"name": "Ringfence", "vendor_name": "Ringfence", "version": origin.version}
    document: dict[str, Any] = {
        "time": round(record.at * 1000),
        "class_uid": class_uid,
        "category_uid": class_uid // 1000,
        "activity_id": activity,
        "type_uid": class_uid * 100 + activity,
        "severity_id": row.severity.of(record.fields),
        "message": row.title,
        "metadata": {
            "version": VERSION,
            "product": product,
            "uid": record.uid,
            "sequence": record.position,
            "event_code": record.tag,
            "log_provider": origin.host,
        },
    }
    outcome = outcome_of(record.fields)
    if outcome is not None:
        document["status_id"] = _SUCCESS if outcome else _FAILURE
    for name, value in record.fields.items():
        if name == "at" or not says_something(value):
            continue
        put(document, _place(row, name, value), value)
    for place, value in row.ocsf.fills.items():
        if not has(document, place) and not _identified(document, place):
            put(document, place, value)
    return document


def _place(row: Row, name: str, value: Any) -> str:
    """Return where a field goes: `unmapped` takes a method of a caller's own invention, too."""
    place = row.ocsf.places.get(name, "")
    if place.endswith("http_method") and value not in METHODS:
        place = ""
    if place.endswith("src_endpoint"):
        return f"{place}.ip" if address_version(value) else f"{place}.name"
    return place or f"unmapped.{name}"


def _identified(document: dict[str, Any], place: str) -> bool:
    """Say whether the object that a stand-in name (`unknown`) is for says itself who it is."""
    around, _, last = place.rpartition(".")
    known = _IDENTIFYING.get(around, ()) if last in {"name", "app_name"} else ()
    return any(has(document, f"{around}.{name}") for name in known)
