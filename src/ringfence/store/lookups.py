"""Find one record by its key, as nearly every request does several times: the statement is written once, for the driver itself."""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import JSON, Boolean, Column

from ringfence.store.rows import REFERENCES

S = TypeVar("S", bound=msgspec.Struct)


class Lookup(Generic[S]):
    """The records of one table by one of its columns."""

    __slots__ = ("_booleans", "_json", "_kind", "_names", "_references", "_select")

    def __init__(self, kind: type[S], key: Column[str]) -> None:
        """Write the statement.

        Args:
            kind: what a row becomes; its fields are columns of the table.
            key: a column of which there is at most one row for a value.
        """
        columns = [key.table.c[name] for name in kind.__struct_fields__]
        self._kind = kind
        self._names = tuple(kind.__struct_fields__)
        self._json = tuple(name for name, column in zip(self._names, columns, strict=True) if _is(column, JSON))
        self._booleans = tuple(name for name, column in zip(self._names, columns, strict=True) if _is(column, Boolean))
        self._references = tuple(name for name in self._names if name in REFERENCES)
        # names of our own schema, none of which needs quotes
        self._select = f"SELECT {', '.join(self._names)} FROM {key.table.name} WHERE {key.name} = "  # noqa: S608

    def statement(self, parameter: str) -> str:
        """Return the SQL text, with the driver's own way to write its one parameter."""
        return self._select + parameter

    def record(self, row: Sequence[Any]) -> S:
        """Return the record of a row as the driver gives it.  Raises msgspec.ValidationError if it is none of ours."""
        values = dict(zip(self._names, row, strict=True))
        for name in self._json:
            values[name] = msgspec.json.decode(values[name])
        for name in self._booleans:
            values[name] = bool(values[name])  # SQLite has numbers
        for name in self._references:
            values[name] = values[name] or ""
        return msgspec.convert(values, self._kind)


def _is(column: Column[Any], kind: type[Any]) -> bool:
    return isinstance(column.type, kind)
