"""Take authorization details that are of a known type, fit its schema and are the client's to ask for.  RFC 9396 §2, §5, §6."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import msgspec

from ringfence.oauth.forms import Form
from ringfence.policy.details import TYPE, CompiledType
from ringfence.problem import Reason, Refused
from ringfence.strict_json import parse

NAME: Final = "authorization_details"

MAX_DETAILS: Final = 10
"""Objects in one request: a customer reads each of them."""

MAX_CHARACTERS: Final = 8_192
"""Of the whole parameter; the details stand in every access token, which has to fit a header."""

MAX_DEPTH: Final = 8

MAX_EXACT: Final = 2**53 - 1
"""RFC 7493 §2.2: beyond this a reader may get another number than was sent."""

NARROWABLE: Final = ("locations", "actions", "datatypes", "privileges")
"""Members of RFC 9396 §2.2 of which fewer is less.  Of any other member nobody but its API could say so."""

Details = tuple[dict[str, Any], ...]


def require_details(parameters: Form, types: Mapping[str, CompiledType], allowed: Collection[str]) -> Details:
    """Return the details that a request asks for; none where it has no such parameter.

    Args:
        parameters: the request's parameters.
        types: the policy's, by name.
        allowed: types that the client registered.

    Raises:
        Refused: DETAILS_INVALID.
    """
    details = read_details(parameters)
    for index, detail in enumerate(details):
        name = detail[TYPE]
        if name not in types or name not in allowed:
            raise _refused(f"type {name[:64]} is unknown or not registered for this client")
        for error in types[name].validator.iter_errors(detail):
            at = "/".join(str(part) for part in error.instance_path)
            raise _refused(f"/{index}/{at}".rstrip("/")[:128] + f" does not fit the type {name[:64]}")
    return details


def refuse_details(parameters: Form) -> None:
    """Return if none are asked for, where no customer could allow them.  Raises Refused DETAILS_INVALID."""
    if NAME in parameters:
        raise _refused("they need a customer's consent")


def narrow_details(parameters: Form, granted: Details) -> Details:
    """Return the granted details, or the part of them that a token request asks for.  Raises Refused DETAILS_INVALID."""
    if NAME not in parameters:
        return granted
    asked, left = read_details(parameters), list(granted)
    for index, detail in enumerate(asked):
        whole = next((one for one in left if _within(detail, one)), None)
        if whole is None:
            raise _refused(f"/{index} was not granted")
        left.remove(whole)  # what was granted once is not had twice
    return asked


def read_details(parameters: Form) -> Details:
    """Return the parameter as objects that each name a type, every number in them whole.  Raises Refused."""
    text = parameters.get(NAME, "")
    if not text:
        return ()
    if len(text) > MAX_CHARACTERS:
        raise _refused(f"at most {MAX_CHARACTERS} characters are taken")
    try:
        found = parse(text.encode("utf-8", "surrogatepass"), max_depth=MAX_DEPTH)
    except Refused as refused:
        raise _refused(refused.detail or refused.reason.value) from None
    if not isinstance(found, list) or not 0 < len(found) <= MAX_DETAILS:
        raise _refused(f"it is an array of 1 to {MAX_DETAILS} objects")
    for detail in found:
        if not isinstance(detail, dict) or not isinstance(detail.get(TYPE), str):
            raise _refused("each is an object with a type")
        _require_exact(detail)
    return tuple(found)


def encoded(details: Sequence[Mapping[str, Any]]) -> str:
    """Return details as text, members in order: equal ones are the same text."""
    return msgspec.json.encode(details, order="sorted").decode() if details else ""


def _require_exact(value: Any) -> None:
    """Return if every number is read alike by everybody.  Amounts come as text, `"10.00"`."""
    if isinstance(value, dict):
        for inner in value.values():
            _require_exact(inner)
    elif isinstance(value, list):
        for inner in value:
            _require_exact(inner)
    elif not (value is None or isinstance(value, bool | str) or (isinstance(value, int) and abs(value) <= MAX_EXACT)):
        raise _refused("numbers are whole and below 2^53; write an amount as text")


def _within(asked: dict[str, Any], granted: dict[str, Any]) -> bool:
    """Say whether one object asks for no more than another: equal, but for lists of which fewer is less."""
    return asked.keys() == granted.keys() and all(
        encoded([{name: asked[name]}]) == encoded([{name: granted[name]}])
        or (name in NARROWABLE and _part_of(asked[name], granted[name]))
        for name in granted
    )


def _part_of(asked: Any, granted: Any) -> bool:
    """Say whether a list holds some of another and nothing else; an empty one could mean everything."""
    return isinstance(asked, list) and isinstance(granted, list) and bool(asked) and all(a in granted for a in asked)


def _refused(detail: str) -> Refused:
    return Refused(Reason.DETAILS_INVALID, detail)
