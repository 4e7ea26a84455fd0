"""Follow references inside one document, and measure what a schema unfolds to.  OpenAPI 3.1.1 §4.8.23.

A reference that leads out of the document is never opened: a document from somebody else must not
make us read a file or call an address.
"""

from typing import Any, Final

from ringfence.policy.faults import Faults
from ringfence.policy.pointers import below, find, from_fragment

MAX_CHAIN: Final = 32
"""References that may follow one another directly."""
MAX_UNFOLDED: Final = 1_000
"""Schemas that apply to one place of an instance at once, `allOf` and references unfolded.

A chain of 5,000 ends the process in the validator's recursion; 8,000 cost 80 ms a call. The largest
public document that we know unfolds to 60.
"""
MAX_UNFOLDED_DEPTH: Final = 60
"""Levels of `allOf` and references above one place; each costs stack in the validator."""

IN_PLACE_LISTS: Final = ("allOf", "anyOf", "oneOf")
IN_PLACE: Final = ("not", "if", "then", "else")
IN_PLACE_MAPS: Final = ("dependentSchemas",)


class Broken(Exception):
    """A part of the document cannot be used; the fault is already told."""


class _TooMuchError(Exception):
    """A schema unfolds to more than a call may cost."""


class References:
    """The references of one document."""

    def __init__(self, document: dict[str, Any], faults: Faults) -> None:
        """Look up in `document`, tell `faults`."""
        self._document = document
        self._faults = faults
        self._sizes: dict[str, tuple[int, int]] = {}
        self._open: set[str] = set()

    def target(self, reference: Any, at: str) -> str:
        """Return the pointer that a `$ref` at `at` leads to.

        Raises:
            Broken: it is not a reference into this document, or leads to nothing.
        """
        if not isinstance(reference, str):
            self._faults.add("dangling-reference", at, "the `$ref` is not a string")
            raise Broken(at)
        if not reference.startswith("#"):
            self._faults.add("remote-reference", at, f"`{reference[:200]}` leads out of the document: bundle it first")
            raise Broken(at)
        to = from_fragment(reference)
        try:
            find(self._document, to)
        except KeyError:
            self._faults.add("dangling-reference", at, f"`{reference[:200]}` leads to nothing")
            raise Broken(at) from None
        return to

    def value(self, at: str) -> Any:
        """Return what stands at a pointer that `target` returned."""
        return find(self._document, at)

    def resolved(self, raw: Any, at: str) -> tuple[Any, str]:
        """Return the object that is meant, references followed, and its own pointer.

        Raises:
            Broken: as `target`, or the references go in a circle.
        """
        for _ in range(MAX_CHAIN):
            if not (isinstance(raw, dict) and "$ref" in raw):
                return raw, at
            to = self.target(raw["$ref"], at)
            raw, at = self.value(to), to
        self._faults.add("endless-reference", at, "the references do not end")
        raise Broken(at)

    def measured(self, raw: Any, at: str) -> None:
        """Return if a schema unfolds to no more than a call may cost.

        Raises:
            Broken: too much, too deep, or in a circle.
        """
        try:
            self._size(raw, at, 0)
        except _TooMuchError:
            self._faults.add("too-complex", at, f"unfolds to more than {MAX_UNFOLDED} schemas for one value")
            raise Broken(at) from None

    def _size(self, raw: Any, at: str, depth: int) -> tuple[int, int]:
        """Return how many schemas apply in one place, and how deep they nest; stop at once where that is too much."""
        if depth > MAX_UNFOLDED_DEPTH:
            raise _TooMuchError
        if not isinstance(raw, dict):
            return 1, 1
        parts = [self._size(inner, inner_at, depth + 1) for inner, inner_at in in_place(raw, at)]
        if "$ref" in raw:
            parts.append(self._target_size(raw["$ref"], at, depth + 1))
        size = 1 + sum(more for more, _ in parts)
        height = 1 + max((below for _, below in parts), default=0)
        if size > MAX_UNFOLDED or depth + height > MAX_UNFOLDED_DEPTH:
            raise _TooMuchError
        return size, height

    def _target_size(self, reference: Any, at: str, depth: int) -> tuple[int, int]:
        """Measure a definition once: a bomb of definitions that double costs one step each."""
        to = self.target(reference, at)
        if to in self._open:
            self._faults.add("endless-reference", at, f"`{reference}` leads back to itself with nothing between")
            raise Broken(at)
        if to not in self._sizes:
            self._open.add(to)
            try:
                self._sizes[to] = self._size(self.value(to), to, depth)
            finally:
                self._open.discard(to)
        return self._sizes[to]


def in_place(raw: dict[str, Any], at: str) -> list[tuple[Any, str]]:
    """Return the schemas that a schema applies to the same place of the instance, references aside."""
    found: list[tuple[Any, str]] = []
    for word in IN_PLACE_LISTS:
        if isinstance(raw.get(word), list):
            found += [(inner, f"{at}/{word}/{index}") for index, inner in enumerate(raw[word])]
    found += [(raw[word], f"{at}/{word}") for word in IN_PLACE if word in raw]
    for word in IN_PLACE_MAPS:
        if isinstance(raw.get(word), dict):
            found += [(inner, below(f"{at}/{word}", name)) for name, inner in raw[word].items()]
    return found
