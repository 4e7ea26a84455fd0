"""Read what the schema leaves free for the marks of injection, before the API behind us reads it.  CWE-20; CWE-74.

All free text of a call is read in one pass; only when something is found is each text looked at by
itself, to say where. A text that cannot be read to its end counts as suspicious.
"""

from collections.abc import Iterator
from typing import Any, Final

from ringfence.gateway.faults import pointer
from ringfence.gateway.screening.leaves import Path, Place, fits, free_texts, path_to
from ringfence.gateway.screening.pattern_set import PatternSet, Unreadable, verdict
from ringfence.gateway.screening.readings import BETWEEN
from ringfence.gateway.stages import Screened, Valid
from ringfence.policy.free_text import everything
from ringfence.policy.operations import Operation
from ringfence.problem import Fault, Reason, Refused

ALL: Final = everything()
"""Of what nothing is known all text is read."""
MOST_TOLD: Final = 10
Free = tuple[str, list[tuple[Place, str]]]
"""Where (`query.name`, or empty for the body), and the places below it with the text of each."""


def screen(valid: Valid, patterns: PatternSet) -> Screened:
    """Let a call through whose free text looks like text.

    Raises:
        Refused: SUSPICIOUS_TEXT, with the place of each text that does not.
    """
    operation = valid.limited.authorized.identified.located.operation
    mode = operation.screening.mode
    if mode == "off":
        return Screened(valid)
    free = list(_free(valid, operation))
    texts = [text for _, found in free for _, text in found]
    if not texts:
        return Screened(valid)
    try:
        if not patterns.suspicious(BETWEEN.join(texts)):
            return Screened(valid)
    except Unreadable:
        pass
    found = tuple(_found(free, operation, patterns))
    if found and mode == "enforce":
        told = tuple(Fault(at, "reads like code, a command or a query: write it otherwise") for at, _ in found)
        private = " ".join(f"{at}={'+'.join(classes)}" for at, classes in found)
        raise Refused(Reason.SUSPICIOUS_TEXT, faults=told[:MOST_TOLD], private=private[:500])
    return Screened(valid, found)


def _free(valid: Valid, operation: Operation) -> Iterator[Free]:
    for parameter in operation.parameters:
        where = f"{parameter.location}.{parameter.name}"
        if where in valid.parameters:
            yield where, free_texts(valid.parameters[where], parameter.texts or ALL)
    if valid.payload is not None:
        texts = valid.declared.texts if valid.declared is not None else None
        yield "", free_texts(valid.payload, texts or ALL)


def _found(free: list[Free], operation: Operation, patterns: PatternSet) -> Iterator[tuple[str, tuple[str, ...]]]:
    for where, place, text in [(where, place, text) for where, found in free for place, text in found]:
        path = path_to(place)
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
