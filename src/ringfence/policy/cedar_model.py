"""What a policy says about decisions in Cedar: where the policies lie, and whether they are in force."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class Authorization(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Policies in Cedar. A call has to be permitted by one of them and forbidden by none; docs/cedar.md tells what they see."""

    cedar: Annotated[
        str,
        Meta(
            min_length=1,
            description="Path of a `.cedar` file, or of a directory of them. Needs the extra `cedar`.",
        ),
    ]
    mode: Annotated[
        Literal["enforce", "shadow"],
        Meta(description="`shadow` lets pass, and writes `Cedar=…` into the event's `rules`."),
    ] = "enforce"


AuthorizationMember = Annotated[
    Authorization | None, Meta(description="Every call is decided by policies in Cedar, too. Absent: by none.")
]
