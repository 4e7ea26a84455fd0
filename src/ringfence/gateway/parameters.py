"""Read and check the parameters that an operation declares.  OpenAPI 3.1 §4.8.12."""

from collections.abc import Iterator, Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final

from ringfence.gateway import styles
from ringfence.gateway.brackets import nested
from ringfence.gateway.faults import schema_faults
from ringfence.gateway.meant import as_meant
from ringfence.gateway.normal import parse_normal
from ringfence.gateway.stages import Located
from ringfence.gateway.texts import decoded, invalid, pairs, readings, value
from ringfence.policy.operations import Operation, Parameter
from ringfence.problem import Fault, Reason, Refused

ABSENT: Final = object()
"""Stands for an empty text where the document allows one (`allowEmptyValue`): as if it were not there."""


def check_parameters(located: Located, max_json_depth: int) -> dict[str, Any]:
    """Return the declared parameters' values by `location.name`.

    Raises:
        Refused: PARAMETER_INVALID, PARAMETER_UNKNOWN or PARAMETER_DUPLICATE.
    """
    operation = located.operation
    query = _query(located.request.query) if located.request.query else {}
    if not operation.parameters and not query:
        return {}
    found: dict[str, Any] = {}
    used: set[str] = set()
    for parameter in operation.parameters:
        where = f"{parameter.location}.{parameter.name}"
        candidates = list(_candidates(parameter, located, query, used, where, max_json_depth))
        if not candidates:
            if parameter.required:
                raise invalid(where, "is required")
            continue
        if candidates[0] is ABSENT:
            continue
        fitting = [c for c in candidates if parameter.validator.is_valid(c)]
        if not fitting:
            raise Refused(Reason.PARAMETER_INVALID, faults=schema_faults(parameter.validator, candidates[0], where))
        found[where] = fitting[0]
    if operation.unknown_query == "refuse" and query.keys() - used:
        raise _unknown(query.keys() - used, operation)
    return found


def _unknown(names: set[str], operation: Operation) -> Refused:
    declared = ", ".join(p.name for p in operation.parameters if p.location == "query") or "none"
    faults = tuple(Fault(f"query.{name[:64]}", "is not declared") for name in sorted(names)[:10])
    return Refused(Reason.PARAMETER_UNKNOWN, f"declared query parameters: {declared}", faults=faults)


def _query(raw: str) -> dict[str, list[str]]:
    query: dict[str, list[str]] = {}
    for name, text in pairs(raw):
        query.setdefault(decoded(name, "query", plus=True), []).append(text)
    return query


def _candidates(
    parameter: Parameter,
    located: Located,
    query: Mapping[str, list[str]],
    used: set[str],
    where: str,
    max_json_depth: int,
) -> Iterator[Any]:
    """Yield what the caller's text may mean; nothing if the parameter is absent."""
    texts = _texts(parameter, located, query, used, where)
    if parameter.location == "query" and parameter.kind in {"object", "any"}:
        members = _members(parameter, query, used, where)
        if members:
            if texts:
                raise Refused(Reason.PARAMETER_DUPLICATE, faults=(Fault(where, "is both a value and an object"),))
            yield as_meant(members, parameter.validator)
            return
    if not texts:
        return
    if parameter.kind == "array" and not parameter.json_content:
        yield [value(item, parameter.item_kind) for item in _items(parameter, texts, where)]
        return
    raw = _single(texts, where)
    if parameter.json_content:
        text = (
            decoded(raw, where, plus=True, json=True)
            if parameter.location == "query"
            else _plain(parameter, raw, where)
        )
        yield parse_normal(text.encode(), max_depth=max_json_depth)
    elif parameter.kind == "object":
        yield _flat_object(raw, parameter, where)
    else:
        text = _plain(parameter, styles.plain(raw, parameter.style, parameter.name, where), where)
        if not text and parameter.allow_empty:
            yield ABSENT
            return
        yield from readings(text, parameter.kind)
        yield text


def _plain(parameter: Parameter, raw: str, where: str) -> str:
    """Return a text as the upstream reads it: in header fields nothing is percent-encoded (OpenAPI 3.1.1 §4.8.12)."""
    if parameter.location in {"header", "cookie"}:
        return raw
    return decoded(raw, where, plus=parameter.location == "query")


def _items(parameter: Parameter, texts: list[str], where: str) -> list[str]:
    """Return the items of an array parameter."""
    if parameter.location == "query" and parameter.explode:
        return [_plain(parameter, text, where) for text in texts]
    if parameter.location == "header":
        # Lines of one field are one list, however a proxy has joined them; spaces around commas mean nothing.
        texts = [",".join(texts)]
    found = styles.items(
        _single(texts, where), parameter.style, explode=parameter.explode, name=parameter.name, where=where
    )
    return [_part(parameter, item, where) for item in found]


def _flat_object(raw: str, parameter: Parameter, where: str) -> dict[str, Any]:
    """Read an object that stands in one text."""
    found = styles.members(raw, parameter.style, explode=parameter.explode, name=parameter.name, where=where)
    members: dict[str, Any] = {}
    for raw_name, raw_value in found:
        name = _part(parameter, raw_name, where)
        if name in members:
            raise invalid(where, "names a member twice")
        members[name] = value(_part(parameter, raw_value, where), parameter.property_kinds.get(name, "string"))
    return members


def _part(parameter: Parameter, item: styles.Item, where: str) -> str:
    """Return a part of a text, decoded. One that holds the separator would be two to a server that decodes first."""
    raw, separator = item
    text = _plain(parameter, raw.strip(" \t") if parameter.location == "header" else raw, where)
    if separator in text:
        raise invalid(where, "has an item that holds the separator")
    return text


def _texts(
    parameter: Parameter, located: Located, query: Mapping[str, list[str]], used: set[str], where: str
) -> list[str]:
    """Return the raw texts of a parameter, in the order sent."""
    match parameter.location:
        case "path":
            return [located.path_parameters[parameter.name]]
        case "query":
            if parameter.name in query:
                used.add(parameter.name)
                return query[parameter.name]
            return []
        case "header":
            return located.request.all_headers(parameter.name.lower())
        case "cookie":
            return _cookie(located, parameter.name, where)


def _single(texts: list[str], where: str) -> str:
    if len(texts) > 1:
        raise Refused(Reason.PARAMETER_DUPLICATE, faults=(Fault(where, "appears more than once"),))
    return texts[0]


def _cookie(located: Located, name: str, where: str) -> list[str]:
    try:
        jar = SimpleCookie("; ".join(located.request.all_headers("cookie")))
    except CookieError:
        raise invalid(where, "the Cookie header is not well-formed") from None
    return [jar[name].value] if name in jar else []


def _members(parameter: Parameter, query: Mapping[str, list[str]], used: set[str], where: str) -> dict[str, Any]:
    """Return an object parameter that is spread over several pairs: `a[b]=1`, or `b=1` for exploded forms."""
    members: dict[str, Any] = {}
    if parameter.style == "form" and parameter.explode and parameter.kind == "object":
        for name, kind in parameter.property_kinds.items():
            if name in query:
                used.add(name)
                members[name] = value(decoded(_single(query[name], where), where, plus=True), kind)
        return members
    prefix = parameter.name + "["
    spread = {name: texts for name, texts in query.items() if name.startswith(prefix)}
    used.update(spread)
    found = nested(spread, where).get(parameter.name, {})
    if not isinstance(found, dict):
        return {str(index): item for index, item in enumerate(found)}
    return {
        name: value(member, parameter.property_kinds.get(name, "string")) if isinstance(member, str) else member
        for name, member in found.items()
    }
