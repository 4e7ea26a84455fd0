"""The fields of an operation that are protected: as the policy says, else as the document's `x-ringfence-protect` does.  OpenAPI 3.1.1 §4.9."""

from typing import Any, Final

import msgspec

from ringfence.policy.pointers import parts_of
from ringfence.policy.protection_model import Protect, ProtectedField

EXTENSION: Final = "x-ringfence-protect"
"""A member of an operation: a list of the same entries as the policy's `protect`."""


def declared_rules(raw: dict[str, Any]) -> tuple[Protect, ...]:
    """Return what an operation of a document says.  Raises msgspec.ValidationError."""
    return msgspec.convert(raw.get(EXTENSION, []), tuple[Protect, ...])


def protected_fields(
    asked: tuple[Protect, ...] | None, raw: dict[str, Any], api: str, operation_id: str
) -> tuple[ProtectedField, ...]:
    """Return an operation's fields with their defaults; blind indexes first, because they are of the clear value.

    Args:
        asked: of the policy; None leaves it to the document.
        raw: the operation in the document. What cannot be read there is a mistake that is told elsewhere.
        api: the API's name.
        operation_id: the operation's.
    """
    if asked is None:
        try:
            asked = declared_rules(raw)
        except msgspec.ValidationError:
            asked = ()
    fields = [
        ProtectedField(rule, tuple(parts_of(rule.at)), rule.resource or f"{api}/{operation_id}", rule.field or rule.at)
        for rule in asked
    ]
    return tuple(sorted(fields, key=lambda field: field.rule.mode != "blind_index"))


def sibling(rule: Protect) -> str:
    """Return the name of the member that a blind index is put into."""
    return rule.into or f"{parts_of(rule.at)[-1]}_index"
