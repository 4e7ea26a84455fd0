"""Read an `application/x-www-form-urlencoded` body as its encoding objects say.  OpenAPI 3.1.1 §4.8.15."""

from typing import Any

from ringfence.gateway import styles
from ringfence.gateway.brackets import nested
from ringfence.gateway.meant import as_meant
from ringfence.gateway.normal import parse_normal
from ringfence.gateway.texts import decoded, pairs, value
from ringfence.policy.operations import Body, Encoding
from ringfence.problem import Fault, Reason, Refused


def read_form(body: bytes, declared: Body, max_json_depth: int) -> Any:
    """Return a form's members, nested where names have brackets.

    The schema decides whether texts are meant as texts or as numbers and booleans; the texts come first.

    Raises:
        Refused: BODY_INVALID, a PARAMETER_… or a JSON_… reason.
    """
    try:
        raw = body.decode("ascii")
    except UnicodeDecodeError:
        raise Refused(Reason.BODY_INVALID, "a form is percent-encoded ASCII") from None
    fields: dict[str, list[str]] = {}
    for name, text in pairs(raw):
        fields.setdefault(decoded(name, "body", plus=True), []).append(text)
    members = {}
    for name, encoding in declared.encodings.items():
        texts = fields.pop(name, None)
        if texts is not None:
            members[name] = _encoded(name, texts, encoding, max_json_depth)
            if any(other.startswith(f"{name}[") for other in fields):
                raise Refused(Reason.PARAMETER_DUPLICATE, faults=(Fault(f"body.{name}", "comes in two forms"),))
    for name, member in nested(fields, "body").items():
        kind = declared.property_kinds.get(name, "string")
        members[name] = value(member, kind) if isinstance(member, str) else member
    assert declared.validator is not None, "a form without a schema is refused before it is read"
    return as_meant(members, declared.validator)


def _encoded(name: str, texts: list[str], encoding: Encoding, max_json_depth: int) -> Any:
    """Return a member that its encoding, and not brackets in its name, takes apart."""
    where = f"body.{name}"
    if encoding.explode and encoding.kind == "array" and not encoding.json:
        return [value(decoded(text, where, plus=True), encoding.item_kind) for text in texts]
    if len(texts) > 1:
        raise Refused(Reason.PARAMETER_DUPLICATE, faults=(Fault(where, "appears more than once"),))
    if encoding.json:
        return parse_normal(decoded(texts[0], where, plus=True, json=True).encode(), max_depth=max_json_depth)
    found = []
    for raw, separator in styles.items(texts[0], encoding.style, explode=False, name=name, where=where):
        text = decoded(raw, where, plus=encoding.style != "spaceDelimited")
        if separator in text:
            raise Refused(Reason.PARAMETER_INVALID, faults=(Fault(where, "has an item that holds the separator"),))
        found.append(value(text, encoding.item_kind))
    return found
