"""Between the structs of `store.model` and rows of their tables."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

S = TypeVar("S", bound=msgspec.Struct)

REFERENCES = ("user_id", "grant_id")
"""Columns that refer to another table: a row has null there where the struct has ""."""


def to_row(record: msgspec.Struct) -> dict[str, Any]:
    """Return the columns of a record; tuples stay sequences, which JSON columns take."""
    return msgspec.structs.asdict(record)


def to_owned_row(record: msgspec.Struct) -> dict[str, Any]:
    """Return the columns of a record that may refer to nothing: of a grant without user, of an open consent."""
    row = msgspec.structs.asdict(record)
    return row | {name: row[name] or None for name in REFERENCES if name in row}


def from_row(row: Mapping[Any, Any], kind: type[S]) -> S:
    """Return the record that a row holds.  Raises msgspec.ValidationError if it was written by something else."""
    values = {field: row[field] for field in kind.__struct_fields__}
    values |= {name: "" for name in REFERENCES if name in values and values[name] is None}
    return msgspec.convert(values, kind)
