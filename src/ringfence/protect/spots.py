"""Find the places in a document that a pointer names, `*` for every member of a list.  RFC 6901 §4."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

EVERY: Final = "*"

MOST: Final = 2_000
"""Places of one field in one document."""


class Misfit(Exception):
    """The document has something else where the pointer leads through: the field could stand anywhere."""


class Spot(msgspec.Struct, frozen=True, gc=False):
    """One place: what it stands in, and its name or index there."""

    holder: Any
    key: Any

    @property
    def value(self) -> Any:
        """What stands there."""
        return self.holder[self.key]

    def put(self, value: Any) -> None:
        """Put something else there."""
        self.holder[self.key] = value


def holders(document: Any, parts: Sequence[str]) -> list[Any]:
    """Return the lists and objects that hold the last part of a pointer.  Raises Misfit."""
    here = [document]
    for part in parts[:-1]:
        inside: list[Any] = []
        for value in here:
            if part == EVERY and isinstance(value, list):
                inside += value
            elif part != EVERY and isinstance(value, dict):
                if part in value:
                    inside.append(value[part])
            elif value is not None:
                raise Misfit
        here = inside
        if len(here) > MOST:
            raise Misfit
    return here


def spots(document: Any, parts: Sequence[str]) -> list[Spot]:
    """Return the places where a value stands; null is none.

    Raises:
        Misfit: there is a list for an object on the way, or the other way round, or too many.
    """
    last, found = parts[-1], []
    for holder in holders(document, parts):
        if last == EVERY and isinstance(holder, list):
            found += [Spot(holder, index) for index, value in enumerate(holder) if value is not None]
        elif last != EVERY and isinstance(holder, dict):
            if holder.get(last) is not None:
                found.append(Spot(holder, last))
        elif holder is not None:
            raise Misfit
    if len(found) > MOST:
        raise Misfit
    return found
