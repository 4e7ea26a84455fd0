"""Read what the schema leaves free for the marks of injection, before the API behind us reads it.  CWE-20; CWE-74.

All free text of a call is read in one pass; only when something is found is each text looked at by
itself, to say where. A text that cannot be read to its end counts as suspicious.
"""

from collections.abc import Iterator
from typing import Any, Final

from ringfence.gateway.faults import pointer
from ringfence.gateway.screening.leaves import Path, fits, free_texts
from ringfence.gateway.screening.pattern_set import PatternSet, Unreadable, verdict
from ringfence.gateway.stages import Screened, Valid
from ringfence.policy.free_text import everything
from ringfence.policy.operations import Operation
from ringfence.problem import Fault, Reason, Refused

BETWEEN: Final = "\n\ue000\n"
"""Stands between texts that are read together: a character that no pattern knows, on a line of its own."""
ALL: Final = everything()
"""Of what nothing is known all text is read."""
MOST_TOLD: Final = 10
Place = tuple[str, Path, str]
"""Where (`query.name`, or empty for the body), the path below it, and the text."""


def screen(valid: Valid, patterns: PatternSet) -> Screened:
    """Let a call through whose free text looks like text.

    Raises:
        Refused: SUSPICIOUS_TEXT, with the place of each text that does not.
    """
    operation = valid.limited.authorized.identified.located.operation
    mode = operation.screening.mode
    if mode == "off":
        return Screened(valid)
    places = list(_places(valid, operation))
    if not places:
        return Screened(valid)
    try:
        if not patterns.suspicious(BETWEEN.join([text for _, _, text in places])):
            return Screened(valid)
    except Unreadable:
        pass
    found = tuple(_found(places, operation, patterns))
    if found and mode == "enforce":
        told = tuple(Fault(at, "reads like code, a command or a query: write it otherwise") for at, _ in found)
        private = " ".join(f"{at}={'+'.join(classes)}" for at, classes in found)
        raise Refused(Reason.SUSPICIOUS_TEXT, faults=told[:MOST_TOLD], private=private[:500])
    return Screened(valid, found)


def _places(valid: Valid, operation: Operation) -> Iterator[Place]:
    for parameter in operation.parameters:
        where = f"{parameter.location}.{parameter.name}"
        if where in valid.parameters:
            for path, text in free_texts(valid.parameters[where], parameter.texts or ALL):
                yield where, path, text
    if valid.payload is not None:
        texts = valid.declared.texts if valid.declared is not None else None
        for path, text in free_texts(valid.payload, texts or ALL):
            yield "", path, text


def _found(places: list[Place], operation: Operation, patterns: PatternSet) -> Iterator[tuple[str, tuple[str, ...]]]:
    for where, path, text in places:
        ignored = _ignored(where, path, operation)
        if ignored is None:
            continue
        try:
            classes: tuple[str, ...] = verdict(patterns.marks(text), ignored)
        except Unreadable:
            classes = ("unreadable",)
        if classes:
            yield (where + pointer(path) or "/"), tuple(str(c) for c in classes)


def _ignored(where: str, path: Path, operation: Operation) -> frozenset[str] | None:
    """Return the classes that an exception takes from a place; None where nothing is looked for."""
    ignored: set[str] = set()
    for exception in operation.screening.exceptions:
        covers: Any = exception.at == where if where else fits(exception.at, path)
        if covers:
            if not exception.classes:
                return None
            ignored.update(exception.classes)
    return frozenset(ignored)
