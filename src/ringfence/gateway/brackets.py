"""Read names with brackets, `a[b][0]=x`, as nested members.  OpenAPI 3.1 §4.8.12.3 (deepObject)."""

import re
from collections.abc import Mapping
from typing import Any, Final

from ringfence.gateway.texts import decoded, invalid
from ringfence.problem import Fault, Reason, Refused

MAX_KEYS: Final = 8
"""Names and levels of `a[b][c]`: Stripe's document goes to seven (`shipping_options[0][shipping_rate_data]…`)."""

_NAME: Final = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_KEY: Final = re.compile(r"\[([^\[\]]*)\]")


def nested(fields: Mapping[str, list[str]], where: str) -> dict[str, Any]:
    """Return the members that the fields make up; leaves are percent-decoded texts.

    Args:
        fields: raw values by decoded name, in the order sent.
        where: names the place in a refusal, for example `query.created`.

    Raises:
        Refused: PARAMETER_INVALID for brackets that can be read two ways, PARAMETER_DUPLICATE for a
            single value that is repeated.
    """
    members: dict[str, Any] = {}
    for name, texts in fields.items():
        keys = _keys(name, where)
        plain = [decoded(text, where, plus=True) for text in texts]
        leaf: Any = plain
        if keys[-1]:
            if len(plain) > 1:
                raise Refused(Reason.PARAMETER_DUPLICATE, faults=(Fault(where, "appears more than once"),))
            leaf = plain[0]
        else:
            keys = keys[:-1]
        _place(members, keys, leaf, where)
    return {name: _lists(member) for name, member in members.items()}


def _keys(name: str, where: str) -> list[str]:
    """Return `a`, `b`, `c` of `a[b][c]`; an empty last key, `a[]`, asks for a list."""
    parsed = _NAME.fullmatch(name)
    keys = [parsed[1], *_KEY.findall(parsed[2])] if parsed is not None else []
    if not keys or len(keys) > MAX_KEYS or "" in keys[:-1]:
        raise invalid(where, "has brackets that cannot be read")
    return keys


def _place(members: dict[str, Any], keys: list[str], leaf: Any, where: str) -> None:
    at = members
    for key in keys[:-1]:
        at = at.setdefault(key, {})
        if not isinstance(at, dict):
            raise invalid(where, "gives one member two shapes")
    if keys[-1] in at:
        raise invalid(where, "gives one member twice")
    at[keys[-1]] = leaf


def _lists(member: Any) -> Any:
    """Read `a[0]=x&a[1]=y` as a list."""
    if not isinstance(member, dict):
        return member
    if member and all(key == str(index) for index, key in enumerate(member)):
        return [_lists(item) for item in member.values()]
    return {key: _lists(item) for key, item in member.items()}
