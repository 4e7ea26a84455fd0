"""How entities are watched that behave unlike themselves."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class Anomalies(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Users, clients, networks and login names, each against its own week. Whatever is found is told and counts as risk; it never blocks."""

    mode: Annotated[Literal["off", "alert"], Meta(description="`off` looks at nobody.")] = "alert"
    alarms_a_day: Annotated[
        float,
        Meta(
            gt=0, le=10_000, description="False alarms that you can look at in a day; what is over goes into a digest."
        ),
    ] = 4.0
    most_entities: Annotated[
        int,
        Meta(
            ge=100, le=2_000_000, description="Entities remembered at once; the one that was quiet longest goes first."
        ),
    ] = 20_000
    baseline: Annotated[
        str,
        Meta(
            description="File that `ringfence watch save` wrote: what was usual elsewhere or before. Loaded once, when it is new. Empty: what is usual is learned here, for a week."
        ),
    ] = ""
