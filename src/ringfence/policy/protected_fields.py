"""The fields of an operation that are protected: as the policy says, else as the document's `x-ringfence-protect` does.  OpenAPI 3.1.1 §4.9."""

from collections.abc import Sequence
from typing import Any

import msgspec

from ringfence.policy.annotated_fields import EXTENSION
from ringfence.policy.pointers import parts_of
from ringfence.policy.protection_model import Protect, ProtectedField


def declared_rules(raw: dict[str, Any]) -> tuple[Protect, ...]:
    """Return what an operation of a document says.  Raises msgspec.ValidationError."""
    return msgspec.convert(raw.get(EXTENSION, []), tuple[Protect, ...])


def protected_fields(
    asked: tuple[Protect, ...] | None,
    raw: dict[str, Any],
    api: str,
    operation_id: str,
    annotated: Sequence[Protect] = (),
) -> tuple[ProtectedField, ...]:
    """Return an operation's fields with their defaults; blind indexes first, because they are of the clear value.

    Args:
        asked: of the policy; None leaves it to the document.
        raw: the operation in the document. What cannot be read there is a mistake that is told elsewhere.
        api: the API's name.
        operation_id: the operation's.
        annotated: what the document's schemas say, which holds besides, unless the policy says `protect: []`.
    """
    if asked is None:
        try:
            asked = (*declared_rules(raw), *annotated)
        except msgspec.ValidationError:
            asked = tuple(annotated)
    elif asked:
        asked = (*asked, *annotated)
    fields = [
        ProtectedField(rule, tuple(parts_of(rule.at)), rule.resource or f"{api}/{operation_id}", rule.field or rule.at)
        for rule in dict.fromkeys(asked)
    ]
    return tuple(sorted(fields, key=lambda field: field.rule.mode != "blind_index"))


def sibling(rule: Protect) -> str:
    """Return the name of the member that a blind index is put into."""
    return rule.into or f"{parts_of(rule.at)[-1]}_index"
