"""Feeds of STIX 2.1: indicators whose pattern names addresses and nothing else.  STIX 2.1 §4.7, §9; TAXII 2.1 §3.7.

Only what means "one of these addresses" is taken: comparisons of `ipv4-addr:value` and `ipv6-addr:value`
by `=`, `IN` and `ISSUBSET`, joined by OR. A pattern with AND, FOLLOWEDBY, NOT or a qualifier means more
than an address, and to act on the address alone would be to act on something that nobody said.
"""

import re
from datetime import datetime
from typing import Any, Final

import msgspec

from ringfence.clock import Instant
from ringfence.intel.indicator import MOST_CONFIDENT, Indicator, Malformed, NotBelieved, Reading, network

_VALUE: Final = r"'[0-9A-Fa-f:./]{2,49}'"
_COMPARISON: Final = (
    rf"ipv[46]-addr:value\s*(?:=\s*{_VALUE}|ISSUBSET\s*{_VALUE}|IN\s*\(\s*{_VALUE}(?:\s*,\s*{_VALUE})*\s*\))"
)
_OBSERVATION: Final = rf"\[\s*{_COMPARISON}(?:\s+OR\s+{_COMPARISON})*\s*\]"
_PATTERN: Final = re.compile(rf"\s*{_OBSERVATION}(?:\s+OR\s+{_OBSERVATION})*\s*")
_QUOTED: Final = re.compile(_VALUE)
LONGEST_PATTERN: Final = 10_000


class _Indicator(msgspec.Struct):
    type: str = ""
    id: str = ""
    pattern: str = ""
    pattern_type: str = "stix"
    modified: str = ""
    valid_from: str = ""
    valid_until: str = ""
    confidence: int | None = None
    revoked: bool = False


class _Bundle(msgspec.Struct):
    objects: list[_Indicator] = []
    type: str = ""


def read_stix(documents: list[bytes], confidence: int, expires_at: Instant, now: Instant) -> Reading:
    """Return the addresses of a bundle, or of the pages of a TAXII collection; of an object's versions the newest counts.

    Args:
        documents: bundles or envelopes.
        confidence: of indicators that give none.
        expires_at: of indicators that have no `valid_until`.
        now: what is not valid yet, or not any more, is left out.

    Raises:
        Malformed: one is not JSON, or neither bundle nor envelope.
    """
    newest: dict[str, _Indicator] = {}
    for document in documents:
        for found in _objects(document):
            known = newest.get(found.id)
            if known is None or known.modified <= found.modified:
                newest[found.id] = found
    indicators: list[Indicator] = []
    skipped, mistake = 0, ""
    for found in newest.values():
        if found.type != "indicator":
            continue  # actors, malware, relations: context for people
        try:
            indicators += _of(found, confidence, expires_at, now)
        except NotBelieved as why:
            skipped += 1
            mistake = mistake or f"{found.id[:80]}: {why}"
    return Reading(tuple(indicators), (), skipped, mistake)


def _objects(document: bytes) -> list[_Indicator]:
    try:
        raw: Any = msgspec.json.decode(document)
        if not isinstance(raw, dict) or not (raw.get("type") == "bundle" or "objects" in raw or raw == {}):
            raise Malformed("it is neither a STIX bundle nor a TAXII envelope")
        return msgspec.convert(raw, _Bundle).objects
    except (msgspec.DecodeError, UnicodeDecodeError) as why:
        raise Malformed(str(why)) from None


def _of(found: _Indicator, confidence: int, expires_at: Instant, now: Instant) -> list[Indicator]:
    if found.revoked:
        raise NotBelieved("it is revoked")
    if found.pattern_type != "stix" or len(found.pattern) > LONGEST_PATTERN or not _PATTERN.fullmatch(found.pattern):
        raise NotBelieved("its pattern is not about addresses alone")
    if found.valid_from and _instant(found.valid_from) > now:
        raise NotBelieved("it is not valid yet")
    until = _instant(found.valid_until) if found.valid_until else expires_at
    if found.valid_until and until <= now:
        raise NotBelieved("it is not valid any more")
    sure = confidence if found.confidence is None else found.confidence
    if not 0 <= sure <= MOST_CONFIDENT:
        raise NotBelieved("its confidence is not between 0 and 100")
    values = [quoted[1:-1] for quoted in _QUOTED.findall(found.pattern)]
    return [Indicator(*network(value), sure, until) for value in values]


def _instant(text: str) -> Instant:
    """Read a STIX timestamp (STIX 2.1 §2.16): RFC 3339 in UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise NotBelieved(f"{text[:40]!r} is no time") from None
    if found.tzinfo is None:
        raise NotBelieved(f"{text[:40]!r} says no zone")
    return Instant(found.timestamp())
