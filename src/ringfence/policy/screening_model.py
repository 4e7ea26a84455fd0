"""What a policy says about the screening of free text; its field descriptions are part of the manual page."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

AttackName = Literal[
    "sql", "nosql", "command", "path", "xss", "template", "code", "ldap", "xxe", "ssrf", "log", "header"
]
ScreeningMode = Literal["off", "shadow", "enforce"]


class ScreeningException(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place whose text may look like an attack, and why."""

    at: Annotated[
        str,
        Meta(
            pattern=r"^(/.*|(path|query|header|cookie)\..+)$",
            description="JSON pointer into the body, `*` for any one part and a last `**` for all below; or `query.name`, `header.name`, `path.name`.",
        ),
    ]
    classes: Annotated[
        tuple[AttackName, ...], Meta(description="Kinds of attack that are not looked for there. Empty: all.")
    ] = ()
    reason: Annotated[str, Meta(min_length=3, description="Why; an auditor reads this.")]


class Screening(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Text that the schema leaves free is read for the marks of injection before the API behind us gets it."""

    mode: Annotated[
        ScreeningMode,
        Meta(
            description="`enforce` refuses; `shadow` lets pass and writes what it found into the event; `off` reads nothing."
        ),
    ] = "enforce"
    exceptions: Annotated[
        tuple[ScreeningException, ...], Meta(description="Places that are read less strictly, or not at all.")
    ] = ()
