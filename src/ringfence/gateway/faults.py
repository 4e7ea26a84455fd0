"""Say in the caller's terms where a value does not fit its schema."""

from collections.abc import Iterable
from itertools import islice
from typing import Any, Final

from ringfence.policy.operations import Validator
from ringfence.problem import Fault

MAX_FAULTS: Final = 10
"""Mistakes told at once: enough to fix a message in one go, few enough to bound the answer."""

MAX_MESSAGE: Final = 300
"""Characters of one message: a schema's own pattern can be long."""


def schema_faults(validator: Validator, instance: Any, where: str = "") -> tuple[Fault, ...]:
    """Return up to MAX_FAULTS mistakes of an instance, each with its JSON pointer below `where`."""
    errors = islice(validator.iter_errors(instance), MAX_FAULTS)
    return tuple(Fault(where + pointer(error.instance_path), str(error.message)[:MAX_MESSAGE]) for error in errors)


def pointer(path: Iterable[str | int]) -> str:
    """Return a JSON pointer.  RFC 6901 §3."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
