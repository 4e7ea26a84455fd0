"""Say in the caller's terms where a value does not fit its schema."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

from ringfence.policy.operations import Validator
from ringfence.problem import Fault

MAX_FAULTS: Final = 10
"""Mistakes told at once: enough to fix a message in one go, few enough to bound the answer."""

MAX_MESSAGE: Final = 300
"""Characters of one message: a schema's own pattern can be long."""


MAX_UNFOLDED: Final = 4
"""Alternatives within alternatives that are looked into for what is meant."""

_HEAD: Final = 60
_MARK: Final = " … "


def schema_faults(validator: Validator, instance: Any, where: str = "") -> tuple[Fault, ...]:
    """Return up to MAX_FAULTS mistakes of an instance, each with its JSON pointer below `where`."""
    errors = islice(_told(validator.iter_errors(instance), 0), MAX_FAULTS)
    return tuple(Fault(where + pointer(error.instance_path), _message(str(error.message))) for error in errors)


def _told(errors: Iterable[Any], unfolded: int) -> Iterator[Any]:
    """Yield the errors; where all alternatives but one are of another type, those of that one: it was meant."""
    for error in errors:
        branches = getattr(error.kind, "context", None) or ()
        likely = [branch for branch in branches if not _other_type(branch, error.instance_path)]
        if len(likely) == 1 and unfolded < MAX_UNFOLDED:
            yield from _told(likely[0], unfolded + 1)
        else:
            yield error


def _other_type(branch: Iterable[Any], at: list[str | int]) -> bool:
    return any(getattr(error.kind, "types", ()) and error.instance_path == at for error in branch)


def _message(text: str) -> str:
    """Return a message that is not too long: it begins with the value and ends with what is wrong with it."""
    if len(text) <= MAX_MESSAGE:
        return text
    return text[:_HEAD] + _MARK + text[-(MAX_MESSAGE - _HEAD - len(_MARK)) :]


def pointer(path: Iterable[str | int]) -> str:
    """Return a JSON pointer.  RFC 6901 §3."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
