"""A detection rule as it is written: Sigma's words where Sigma has them, and measures that Sigma lacks.

A rule names what it looks at (`selections`), what counts together (`group-by` within `timespan`), what
is counted (`measures`) and when that is too much (`fires`). Every struct refuses unknown members.
"""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

Level = Literal["informational", "low", "medium", "high", "critical"]
Mode = Literal["shadow", "alert", "enforce"]
Duration = Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,4}(s|m|h|d)$", description="For example 30s, 10m, 1h, 7d.")]
Word = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,40}$", description="Small letters, digits and `_`.")]

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def seconds(duration: str) -> int:
    """Return a duration such as `10m` in seconds."""
    return int(duration[:-1]) * _SECONDS[duration[-1]]


class Measure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something counted in the window of one group."""

    of: Annotated[Word, Meta(description="The selection whose events count.")]
    distinct: Annotated[str, Meta(description="Count different values of this field instead of events.")] = ""
    sum: Annotated[str, Meta(description="Add up this field instead of counting events.")] = ""


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step of an ordered sequence."""

    of: Annotated[Word, Meta(description="The selection.")]
    gte: Annotated[int, Meta(ge=1, le=10_000, description="So many of it before the next step counts.")] = 1


class References(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the attack is described."""

    owasp: Annotated[tuple[str, ...], Meta(description="OWASP API Security Top 10, such as `API2:2023`.")] = ()
    attack: Annotated[tuple[str, ...], Meta(description="MITRE ATT&CK techniques, such as `T1110.004`.")] = ()


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """One detection rule."""

    id: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{2,60}$", description="Names the rule for good.")]
    title: Annotated[str, Meta(min_length=5, description="What it sees, in a few words.")]
    description: Annotated[str, Meta(min_length=10, description="Why it matters and what may look like it.")]
    level: Annotated[Level, Meta(description="How bad it is.")]
    mode: Annotated[
        Mode, Meta(description="`shadow` counts only, `alert` tells, `enforce` also answers by `responses`.")
    ] = "alert"
    references: References = References()
    selections: Annotated[
        dict[Word, dict[str, Any]],
        Meta(description="By name: fields with the value, or list of values, that they must have; `field|modifier`."),
    ]
    group_by: Annotated[tuple[str, ...], Meta(description="Fields whose values together name one group.")] = ()
    timespan: Annotated[Duration, Meta(description="The window.")] = "10m"
    measures: Annotated[dict[Word, Measure], Meta(description="By name: what is counted in the window.")] = (
        msgspec.field(default_factory=dict)
    )
    sequence: Annotated[
        tuple[Step, ...], Meta(description="Instead of measures: selections that follow one another in the window.")
    ] = ()
    fires: Annotated[
        str,
        Meta(description="Condition over the measures: names, numbers, `+ - * /`, comparisons, `and`, `or`, `not`."),
    ] = ""
    explain: Annotated[
        str, Meta(min_length=5, description="What an analyst reads; measures and group fields in braces.")
    ]
    cool_down: Annotated[
        Duration, Meta(description="How long one group raises no second alert; it goes on counting.")
    ] = "30m"
    responses: Annotated[
        tuple[Literal["block-network", "block-user", "revoke-grant", "block-client"], ...],
        Meta(description="What `enforce` does, each named in `docs/detection.md`."),
    ] = ()
    block_for: Annotated[Duration, Meta(description="How long a block stands.")] = "1h"
