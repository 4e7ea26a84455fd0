"""Empty what an event of the stream says about a person whose key is destroyed; where it stands does not change.  NIST SP 800-88 §2.5."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from ringfence.audit.catalogue import PERSON_PREFIX, part
from ringfence.audit.persons import DAY_PREFIX

INSTEAD: Final = "[shredded]"
"""Stands in longer texts in place of a customer's identifier."""


def redacted(data: bytes, person: str) -> bytes | None:
    """Return an event without what is about a person, or None where nothing is.

    What the log seals under this person's key is empty. In an event that is about somebody else, or about nobody, the
    identifier itself is.

    Args:
        data: the event's JSON.
        person: a user's identifier, or `day:YYYY-MM-DD` for people of that day who are not known.
    """
    of_a_day = person.startswith(DAY_PREFIX)
    if not of_a_day and _quoted(person) not in data:
        return None
    try:
        event = msgspec.json.decode(data)
        parted = part(event, _day(event) if of_a_day else "")
    except (ValueError, TypeError, AttributeError, OverflowError, OSError):
        # no event that anybody reads: nobody can say which part of it is about whom
        return None if of_a_day else b"{}"
    if parted.person == person:
        event |= {name: _empty(value) for name, value in parted.personal.items()}
    if not of_a_day:
        event = _unnamed(event, person)
    changed = msgspec.json.encode(event)
    return None if changed == data else changed


def _day(event: dict[str, Any]) -> str:
    """The log names the day on which it took the event, which is that of the event unless it was behind."""
    return DAY_PREFIX + datetime.fromtimestamp(float(event.get("at", 0.0)), UTC).date().isoformat()


def _quoted(person: str) -> bytes:
    return msgspec.json.encode(person)[1:-1]


def _empty(value: Any) -> Any:
    match value:
        case str():
            return ""
        case list():
            return []
        case dict():
            return {}
        case _:
            return value


def _unnamed(value: Any, person: str) -> Any:
    match value:
        case str():
            if value == person:
                return ""
            # other identifiers may be as short as a word
            return value.replace(person, INSTEAD) if person.startswith(PERSON_PREFIX) else value
        case list():
            return [_unnamed(one, person) for one in value]
        case dict():
            return {name: _unnamed(one, person) for name, one in value.items()}
        case _:
            return value
