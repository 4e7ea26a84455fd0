"""Between the structs of `store.model` and rows of their tables."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

S = TypeVar("S", bound=msgspec.Struct)

OWNERLESS = "user_id"
"""The one column where a row has null and the struct has "": a grant that belongs to no user."""


def to_row(record: msgspec.Struct) -> dict[str, Any]:
    """Return the columns of a record; tuples stay sequences, which JSON columns take."""
    return msgspec.structs.asdict(record)


def from_row(row: Mapping[Any, Any], kind: type[S]) -> S:
    """Return the record that a row holds.  Raises msgspec.ValidationError if it was written by something else."""
    values = {field: row[field] for field in kind.__struct_fields__}
    if OWNERLESS in values and values[OWNERLESS] is None:
        values[OWNERLESS] = ""
    return msgspec.convert(values, kind)
