"""What a policy says where declared rules do not reach: one expression in CEL that a call has to fulfil."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Place = Annotated[
    str,
    Meta(
        pattern=r"^((/([^~/]|~[01])+)+|(path|query|header)\.[^.\s]+)$",
        description="A JSON pointer into the request body, `/purpose`, or a declared parameter, `query.kind`.",
    ),
]
ValueName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}$", description="What the expression calls it.")]
ValueType = Literal["string", "int", "bool"]


class Value(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One more thing of a call that an expression can speak of. A call without it is refused where it is needed."""

    at: Place
    type: Annotated[ValueType, Meta(description="There are no fractions: amounts are facts.")]
    absent: Annotated[
        str | int | bool | None, Meta(description="What it is where the call leaves it out; of the same type.")
    ] = None


class Expression(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A condition in CEL that a call has to fulfil. docs/rules.md lists what it can speak of and what it may use."""

    must: Annotated[str, Meta(min_length=1, max_length=1000, description="The condition; it has to come out `true`.")]
    say: Annotated[
        str, Meta(min_length=1, max_length=200, description="What would pass, in words for the partner who is refused.")
    ]
    zone: Annotated[str, Meta(description="Time zone of `hour`, `minute`, `weekday` and `date`.")] = "UTC"
    values: Annotated[
        dict[ValueName, Value], Meta(max_length=16, description="More names: members of the body, and parameters.")
    ] = {}
