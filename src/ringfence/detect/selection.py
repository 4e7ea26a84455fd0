"""Compile a selection: which events a rule looks at.  Sigma Rules Specification 2.1.

Fields that must all fit; a list means any of its values; modifiers stand behind a bar, as in Sigma.
"""

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any, Final

import re2

Fields = Mapping[str, Any]
Predicate = Callable[[Fields], bool]
_Check = Callable[[Any], bool]


class InvalidSelection(ValueError):
    """A selection cannot be used; the message says why."""


def compile_selection(fields: Mapping[str, Any], known: frozenset[str]) -> Predicate:
    """Return the predicate of a selection.

    Args:
        fields: `field` or `field|modifier` to a value or a list of values.
        known: the fields that events have.

    Raises:
        InvalidSelection: a field that no event has, a modifier that is not known, a value that does not fit it.
    """
    if not fields:
        raise InvalidSelection("it has no fields")
    checks = []
    for written, value in fields.items():
        name, _, modifier = written.partition("|")
        if name not in known:
            raise InvalidSelection(f"no event has a field `{name}`")
        checks.append((name, _check(modifier, value, written)))
    return lambda event: all(name in event and check(event[name]) for name, check in checks)


def _check(modifier: str, value: Any, written: str) -> _Check:
    values = value if isinstance(value, list) else [value]
    if not values:
        raise InvalidSelection(f"`{written}` has no values")
    make = _MODIFIERS.get(modifier)
    if make is None:
        known = ", ".join(f"`{name}`" for name in _MODIFIERS if name)
        raise InvalidSelection(f"`{modifier}` is not a modifier: {known} are")
    try:
        return make(values)
    except (TypeError, ValueError, AttributeError, re2.error) as error:
        raise InvalidSelection(f"`{written}`: {error or 'the value does not fit'}") from None


def _exact(values: list[Any]) -> _Check:
    wanted = frozenset(values)
    return lambda found: not wanted.isdisjoint(found) if isinstance(found, tuple) else found in wanted


def _exists(values: list[Any]) -> _Check:
    if values not in ([True], [False]):
        raise TypeError("true or false is wanted")
    (wanted,) = values
    return lambda found: bool(found) is wanted


def _texts(values: list[Any]) -> tuple[str, ...]:
    if not all(isinstance(value, str) for value in values):
        raise TypeError("text is wanted")
    return tuple(value.lower() for value in values)


def _contains(values: list[Any]) -> _Check:
    wanted = _texts(values)
    return lambda found: isinstance(found, str) and any(part in found.lower() for part in wanted)


def _startswith(values: list[Any]) -> _Check:
    wanted = _texts(values)
    return lambda found: isinstance(found, str) and found.lower().startswith(wanted)


def _endswith(values: list[Any]) -> _Check:
    wanted = _texts(values)
    return lambda found: isinstance(found, str) and found.lower().endswith(wanted)


def _expression(values: list[Any]) -> _Check:
    patterns = [re2.compile(value) for value in _texts(values)]
    return lambda found: isinstance(found, str) and any(pattern.search(found.lower()) for pattern in patterns)


def _cidr(values: list[Any]) -> _Check:
    networks = [ipaddress.ip_network(value) for value in values]

    def inside(found: Any) -> bool:
        try:
            address = ipaddress.ip_address(found)
        except ValueError:
            return False
        return any(address in network for network in networks)

    return inside


def _number(values: list[Any]) -> float:
    if len(values) != 1 or isinstance(values[0], bool) or not isinstance(values[0], int | float):
        raise TypeError("one number is wanted")
    return values[0]


def _gte(values: list[Any]) -> _Check:
    bound = _number(values)
    return lambda found: isinstance(found, int | float) and found >= bound


def _lt(values: list[Any]) -> _Check:
    bound = _number(values)
    return lambda found: isinstance(found, int | float) and found < bound


def _not(values: list[Any]) -> _Check:
    wanted = frozenset(values)
    return lambda found: found not in wanted


_MODIFIERS: Final[dict[str, Callable[[list[Any]], _Check]]] = {
    "": _exact,
    "contains": _contains,
    "startswith": _startswith,
    "endswith": _endswith,
    "re": _expression,
    "cidr": _cidr,
    "gte": _gte,
    "lt": _lt,
    "not": _not,
    "exists": _exists,
}
