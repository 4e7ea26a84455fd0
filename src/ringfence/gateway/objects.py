"""Does the customer's consent name what this call is about?  OWASP API1:2023; RFC 9396 §9.1."""

from collections.abc import Iterator
from typing import Any

from ringfence.gateway.stages import Valid
from ringfence.policy.linking_model import ObjectRule
from ringfence.policy.members import EVERY
from ringfence.policy.pointers import parts_of
from ringfence.problem import Fault, Reason, Refused


def require_granted_objects(valid: Valid) -> Valid:
    """Return the call if every identifier that the operation's rules point at stands in the token's consent.

    An identifier that the call leaves out is not granted either: what the API would take instead is not for us to guess.

    Raises:
        Refused: OBJECT_NOT_GRANTED, or NOT_FOUND where the rule hides that there is anything.
    """
    identified = valid.limited.authorized.identified
    for rule in identified.located.operation.demands.objects:
        granted = {
            text
            for detail in identified.token.authorization_details
            if detail.get("type") == rule.type
            for text in texts(detail, rule.granted)
        }
        asked = list(_asked(valid, rule))
        if not asked or any(one not in granted for one in asked):
            at = rule.parameter or rule.body
            if rule.otherwise == "hidden":
                raise Refused(Reason.NOT_FOUND, private=f"{at} is not in the consent")
            fault = Fault(at, f"it is not named in the consent, by type {rule.type}")
            raise Refused(Reason.OBJECT_NOT_GRANTED, faults=(fault,))
    return valid


def about(valid: Valid, detail: dict[str, Any], rule: ObjectRule) -> bool:
    """Say whether one object of the consent names all that the call asks for by a rule of its type."""
    granted, asked = set(texts(detail, rule.granted)), list(_asked(valid, rule))
    return bool(asked) and None not in asked and all(one in granted for one in asked)


def _asked(valid: Valid, rule: ObjectRule) -> Iterator[str | None]:
    """Yield what the call names, None for what is no identifier."""
    if rule.body:
        yield from texts(valid.payload, rule.body)
        return
    location, _, name = rule.parameter.partition(".")
    yield from _leaves(valid.parameters.get(f"{location}.{name}"))


def texts(document: Any, pointer: str) -> Iterator[str | None]:
    """Yield what stands at a pointer, None for what is no text; `*` is every member of a list, as is a list at the end."""
    here = [document]
    for part in parts_of(pointer):
        inside: list[Any] = []
        for value in here:
            if part == EVERY and isinstance(value, list):
                inside += value
            elif isinstance(value, dict) and part in value:
                inside.append(value[part])
        here = inside
    for value in here:
        yield from _leaves(value)


def _leaves(value: Any) -> Iterator[str | None]:
    match value:
        case None:
            return
        case bool() | dict():
            yield None
        case str() | int():
            yield str(value)
        case list():
            for inner in value:
                yield from _leaves(inner) if inner is not None else iter((None,))
        case _:
            yield None
