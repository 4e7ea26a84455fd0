"""Read the texts of a form or query as its schema means them, each by itself.  OpenAPI 3.1.1 §4.8.12.3, §4.8.15.

The schema is asked what it has against the texts: where it wants a number or a boolean and the text reads as one, the
text becomes it. A postal code beside a number stays the text that it is. Where a schema has alternatives, the one with
the least against it decides. What then still does not fit is the caller's mistake, and is told as such.
"""

from collections.abc import Iterable
from typing import Any, Final

from ringfence.gateway.texts import readings
from ringfence.policy.operations import Validator

At = tuple[str | int, ...]

_READ: Final = ("integer", "number", "boolean")
"""Kinds that a text may stand for, the narrower first."""


def as_meant(members: Any, validator: Validator) -> Any:
    """Return the members with the texts read that the schema wants as numbers or booleans."""
    if validator.is_valid(members):
        return members
    changes, _ = _changes(validator.iter_errors(members))
    return _changed(members, changes, ()) if changes else members


def _changes(errors: Iterable[Any]) -> tuple[dict[At, Any], int]:
    """Return what texts become, by place, and how much is wrong beyond them."""
    changes: dict[At, Any] = {}
    rest: list[At] = []
    for error in errors:
        branches = getattr(error.kind, "context", None)
        if branches:
            found, left = min((_changes(branch) for branch in branches), key=lambda one: one[1])
            changes |= found
            rest += [tuple(error.instance_path)] * left
            continue
        at = tuple(error.instance_path)
        meant = _meant(error.instance, getattr(error.kind, "types", ()))
        if meant is None:
            rest.append(at)
        else:
            changes[at] = meant
    return changes, sum(at not in changes for at in rest)


def _meant(text: Any, kinds: Iterable[str]) -> Any:
    if not isinstance(text, str):
        return None
    return next((value for kind in _READ if kind in kinds for value in readings(text, kind)), None)


def _changed(member: Any, changes: dict[At, Any], at: At) -> Any:
    if isinstance(member, dict):
        return {name: _changed(inner, changes, (*at, name)) for name, inner in member.items()}
    if isinstance(member, list):
        return [_changed(inner, changes, (*at, index)) for index, inner in enumerate(member)]
    return changes.get(at, member)
