"""A constant that depends on one field of an event."""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T")


class Choice(msgspec.Struct, Generic[T], frozen=True):
    """By the value of a field; `otherwise` for any other value, and always where no field is named."""

    otherwise: T
    field: str = ""
    values: Mapping[Any, T] = msgspec.field(default_factory=dict)

    def of(self, fields: Mapping[str, Any]) -> T:
        """Return the constant for an event's fields."""
        value = fields.get(self.field)
        return self.values.get(value, self.otherwise) if isinstance(value, str | bool) else self.otherwise
