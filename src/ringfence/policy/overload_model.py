"""What a policy says about an upstream at its limit; its field descriptions are part of the manual page."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

PriorityName = Literal["test", "read", "write", "payment"]

PriorityDemand = Annotated[
    PriorityName | None,
    Meta(
        description="Who is refused last when the upstream is at its limit: `payment`, then `write`, `read`, `test`. Default: `payment` with `link`; else `read` for GET, HEAD and OPTIONS, and `write`."
    ),
]


class Overload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many calls the upstream gets at once, and what becomes of the others. Each worker counts its own."""

    limit: Annotated[
        Literal["adaptive", "off"],
        Meta(
            description="`adaptive`: a limit between `least` and `max_connections` follows the time that answers take; `off`: `max_connections` and `max_waiting` alone."
        ),
    ] = "adaptive"
    begin: Annotated[int, Meta(ge=1, le=10_000, description="The limit of a worker that has just started.")] = 32
    least: Annotated[int, Meta(ge=1, le=10_000, description="The limit never falls below this.")] = 4
    tolerance: Annotated[
        float,
        Meta(
            ge=0.05,
            le=4.0,
            description="How much longer than from an upstream at ease answers may take, as a share, before it gets fewer calls at once.",
        ),
    ] = 0.25
    waiting: Annotated[
        int, Meta(ge=0, le=10_000, description="Calls that may wait for their turn; more are refused with 503.")
    ] = 64
    wait_seconds: Annotated[
        float, Meta(gt=0, le=60, description="How long a call may wait; then it is refused and never sent.")
    ] = 0.5
    test_clients: Annotated[
        tuple[str, ...],
        Meta(description="Ids of clients that only try things out: their calls are refused first, whatever they ask."),
    ] = ()
