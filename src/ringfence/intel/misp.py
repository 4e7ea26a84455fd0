"""Feeds of MISP: events and attributes as its JSON form has them.  draft-dulaunoy-misp-core-format §2.4."""

from typing import Any, Final

import msgspec

from ringfence.clock import Instant, Seconds
from ringfence.intel.indicator import Indicator, Malformed, NotBelieved, Reading, network

KINDS: Final = frozenset({"ip-src", "ip-dst", "ip-src|port", "ip-dst|port"})
NO_TIME: Final = 0.0


class Attribute(msgspec.Struct):
    """One attribute; what is not named here does not matter."""

    type: str = ""
    value: str = ""
    to_ids: bool = False
    """MISP's own word for: act on it."""
    deleted: bool = False
    timestamp: str | int = 0


def read_misp(document: bytes, confidence: int, expires_after: Seconds, now: Instant) -> Reading:
    """Return the addresses that a MISP document asks to act on.

    Args:
        document: an event, a list of them, or the answer of a search.
        confidence: of each, as MISP gives none.
        expires_after: an attribute ends so long after its own time; 0: with the feed.
        now: an attribute without a time, or from the future, is of this moment.

    Raises:
        Malformed: it is not JSON, or none of these.
    """
    try:
        found = msgspec.json.decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError) as why:
        raise Malformed(f"it is not JSON: {why}") from None
    indicators: list[Indicator] = []
    skipped, mistake = 0, ""
    for number, attribute in enumerate(_attributes(found), 1):
        if attribute.type not in KINDS or not attribute.to_ids or attribute.deleted:
            skipped += 1
            continue
        try:
            version, first, last = network(attribute.value.partition("|")[0].strip())
        except NotBelieved as why:
            skipped += 1
            mistake = mistake or f"attribute {number}: {attribute.value[:60]!r}: {why}"
            continue
        expires_at = Instant(_seen(attribute, now) + expires_after) if expires_after else Instant(NO_TIME)
        indicators.append(Indicator(version, first, last, confidence, expires_at))
    return Reading(tuple(indicators), (), skipped, mistake)


def _seen(attribute: Attribute, now: Instant) -> float:
    text = str(attribute.timestamp)
    at = float(text) if text.isdecimal() and len(text) <= len("9999999999") else NO_TIME
    return at if NO_TIME < at <= now else now


def _attributes(found: Any) -> list[Attribute]:
    match found:
        case {"response": inner}:
            return _attributes(inner)
        case {"Event": inner}:
            return _attributes(inner)
        case list():
            return [attribute for entry in found for attribute in _attributes(entry)]
        case {"Attribute": list()} | {"Object": list()}:
            attributes, objects = found.get("Attribute", []), found.get("Object", [])
            if not isinstance(attributes, list) or not isinstance(objects, list):
                raise Malformed("its attributes or objects are no list")
            listed = [*attributes, *_of_objects(objects)]
            try:
                return msgspec.convert(listed, list[Attribute], strict=False)
            except msgspec.ValidationError as why:
                raise Malformed(f"its attributes: {why}") from None
        case dict() if "info" in found:
            return []  # an event without attributes
        case _:
            raise Malformed("it is no MISP event, list of events or search result")


def _of_objects(objects: list[Any]) -> list[Any]:
    inner = [entry.get("Attribute", []) for entry in objects if isinstance(entry, dict)]
    return [attribute for attributes in inner if isinstance(attributes, list) for attribute in attributes]
