"""Changes to a value, made without looking at any schema: each place replaced, left out, lengthened. Bounded, none of our code."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, NamedTuple

Path = tuple[str | int, ...]

NUMBERS = (0, -1, 1.5, 7, 10**12)
TEXTS = ("", "x", "no such member", "x" * 6000, "2026-02-30", "!~ §", "1", "true")
ANY = (None, True, *NUMBERS, *TEXTS, [], [1, 1], ["a", "a"], {}, {"deep": 1})
WRITABLE = ("no such member", "x" * 6000, ["x"], {"deep": "x"})
"""What a form can say, and say in one way only: no text of these is read as a number."""

_GONE = object()


class Change(NamedTuple):
    """One change: where, and what stands there then."""

    at: Path
    new: Any

    def of(self, value: Any) -> Any:
        """The value with this change."""
        if not self.at:
            return self.new
        value = deepcopy(value)
        holder = value
        for part in self.at[:-1]:
            holder = holder[part]
        if self.new is not _GONE:
            holder[self.at[-1]] = self.new
        elif isinstance(holder, list):
            holder.pop(int(self.at[-1]))
        else:
            del holder[self.at[-1]]
        return value


def changes(value: Any, news: tuple[Any, ...], *, added: Any) -> Iterator[Change]:
    """Every change to a value, each of one place."""
    for at in _places(value):
        here = value
        for part in at:
            here = here[part]
        for new in (*news, *_variants(here, added), *([_GONE] if at else [])):
            yield Change(at, new)


def _variants(here: Any, added: Any) -> Iterator[Any]:
    if isinstance(here, dict):
        yield {**here, "isAdmin": added}
    elif isinstance(here, list) and here:
        yield [*here, here[0]]
        yield here * 60
        yield here[1:]
    elif isinstance(here, str) and here:
        yield here + "x"
        yield here[:-1]
        yield here * 2
    elif isinstance(here, (int, float)) and not isinstance(here, bool):
        yield here + 1
        yield here - 1
        yield here * 3


def _places(value: Any, at: Path = ()) -> Iterator[Path]:
    yield at
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _places(inner, (*at, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _places(inner, (*at, index))
