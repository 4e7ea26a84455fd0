"""What a policy says about limits that the customer's own consent names.  RFC 9396 §2; SCA RTS art. 14."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ringfence.policy.linking_model import OptionalPointer


class ConsentLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a consent names its own limits. A member that is named here and that a consent lacks refuses the call."""

    type: Annotated[
        str, Meta(description="A type under `oauth.authorization_details`; the consent has to hold one object of it.")
    ]
    currency: Annotated[OptionalPointer, Meta(description="The currency; the call's has to be the same.")] = ""
    each: Annotated[
        OptionalPointer, Meta(description="How much one call may move: a text such as `12.50`, or a number.")
    ] = ""
    total: Annotated[OptionalPointer, Meta(description="How much all calls of a `period` may move together.")] = ""
    calls: Annotated[OptionalPointer, Meta(description="How many calls a `period` may have: a whole number.")] = ""
    begins: Annotated[
        OptionalPointer,
        Meta(description="From when on: `2026-07-01T09:00:00Z`, or a day of `zone`, from its first moment on."),
    ] = ""
    ends: Annotated[OptionalPointer, Meta(description="Until when: a moment, or a day with its last moment.")] = ""
    period: Annotated[
        Literal["day", "month", "consent"],
        Meta(
            description="Over what time `total` and `calls` count: by the calendar of `zone`, or as long as it lives."
        ),
    ] = "consent"
    zone: Annotated[str, Meta(description="Time zone of `period` and of days, `Europe/London`.")] = "UTC"


LIMITS = ("currency", "each", "total", "calls", "begins", "ends")
"""Members that say where a consent has something."""
