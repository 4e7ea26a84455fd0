"""Fields and values of a Sigma rule in our words.  Sigma Rules Specification 2.1; Sigma Modifiers Specification 2.1."""

import re
from collections.abc import Mapping
from typing import Any, Final

from ringfence.detect.fields import known_fields
from ringfence.detect.sigma_condition import NotExpressible

WEB: Final[Mapping[str, str]] = {
    "cs-method": "method",
    "c-uri": "path",
    "cs-uri": "path",
    "cs-uri-stem": "path",
    "uri": "path",
    "sc-status": "status",
    "c-ip": "network",
    "src_ip": "network",
    "sc-bytes": "response_bytes",
    "cs-bytes": "request_bytes",
}
"""Names of web server and proxy logs."""
NOT_KEPT: Final[Mapping[str, str]] = {
    "cs-uri-query": "no event keeps a query",
    "c-uri-query": "no event keeps a query",
    "cs-user-agent": "no event keeps the user agent: see feeds of user agents",
    "c-useragent": "no event keeps the user agent: see feeds of user agents",
    "cs-referer": "no event keeps the referrer",
    "cs-cookie": "no event keeps cookies",
    "cs-host": "calls to hosts that are not ours are refused before",
}
_TEXT_MODIFIERS: Final = frozenset({"contains", "startswith", "endswith"})
_WILD: Final = re.compile(r"(?<!\\)[*?]")


def of_web(name: str) -> str:
    """Return our name of a field of a web log.  Raises NotExpressible."""
    if name in NOT_KEPT:
        raise NotExpressible(f"`{name}`: {NOT_KEPT[name]}")
    if name not in WEB:
        raise NotExpressible(f"`{name}` is no field that our events have")
    return WEB[name]


def of_ours(name: str) -> str:
    """Return a field of a rule that is written for our events.  Raises NotExpressible."""
    if name not in known_fields():
        raise NotExpressible(f"no event has a field `{name}`")
    return name


def condition(name: str, written: str, value: Any) -> tuple[str, Any]:
    """Return our `field|modifier` and value for one of Sigma's.

    Args:
        name: our name of the field.
        written: Sigma's modifiers, joined by bars.
        value: a value or a list of them.

    Raises:
        NotExpressible: a modifier that ours have not, or a value that does not fit it.
    """
    values = value if isinstance(value, list) else [value]
    modifier = _modifier(name, written, len(values))
    if not values or any(one is None for one in values):
        return f"{name}|exists", False
    match modifier:
        case "exists" if isinstance(value, bool):
            return f"{name}|exists", value
        case "gt" | "gte" | "lt" | "lte":
            return _compared(name, modifier, values)
        case "cidr" | "re":
            return f"{name}|{modifier}", [_text(name, one) for one in values]
        case "":
            return _plain(name, values)
        case _ if modifier in _TEXT_MODIFIERS:
            return _partly(name, modifier, [_text(name, one) for one in values])
    raise NotExpressible(f"`{name}|{modifier}`: a modifier that is not known here")


def _modifier(name: str, written: str, values: int) -> str:
    """Return the one modifier that is left of those that are written; `all` of one value says nothing."""
    modifiers = [one for one in written.split("|") if one]
    if "all" in modifiers:
        if values != 1:
            raise NotExpressible(f"`{name}|all` with several values")
        modifiers.remove("all")
    if "cased" in modifiers:
        raise NotExpressible(f"`{name}|cased`: texts are compared without regard to case")
    if len(modifiers) > 1:
        raise NotExpressible(f"`{name}|{written}`: one modifier is possible")
    return modifiers[0] if modifiers else ""


def _compared(name: str, modifier: str, values: list[Any]) -> tuple[str, Any]:
    (number,) = values if len(values) == 1 else (None,)
    if isinstance(number, bool) or not isinstance(number, int):
        raise NotExpressible(f"`{name}|{modifier}`: one whole number is wanted")
    ours = {"gt": ("gte", 1), "gte": ("gte", 0), "lt": ("lt", 0), "lte": ("lt", 1)}
    word, more = ours[modifier]
    return f"{name}|{word}", number + more


def _plain(name: str, values: list[Any]) -> tuple[str, Any]:
    if name == "status":
        values = [int(one) if isinstance(one, str) and one.isdecimal() else one for one in values]
    if not any(isinstance(one, str) and one for one in values):
        return name, values
    if name in {"event", "reason", "endpoint", "grant_type", "client", "user", "grant", "operation"}:
        return name, values
    return f"{name}|re", [f"^{_expression(_text(name, one))}$" for one in values]


def _partly(name: str, modifier: str, values: list[str]) -> tuple[str, Any]:
    if not any(_WILD.search(one) or "\\" in one for one in values):
        return f"{name}|{modifier}", values
    begin = "" if modifier != "startswith" else "^"
    end = "" if modifier != "endswith" else "$"
    return f"{name}|re", [f"{begin}{_expression(one)}{end}" for one in values]


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise NotExpressible(f"`{name}`: a text is wanted")
    return str(value)


def _expression(text: str) -> str:
    """Return a Sigma text with its wildcards as a regular expression; a backslash takes a wildcard's meaning away."""
    found = []
    at = 0
    while at < len(text):
        char = text[at]
        if char == "\\" and at + 1 < len(text) and text[at + 1] in "*?\\":
            found.append(re.escape(text[at + 1]))
            at += 2
            continue
        found.append({"*": ".*", "?": "."}.get(char) or re.escape(char))
        at += 1
    return "".join(found).lower()
