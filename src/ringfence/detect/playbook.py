"""A playbook as it is written: what is done about the alerts of some rules, step by step up a ladder of levels."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from ringfence.detect.rule import Duration, Level
from ringfence.store.measures import MOST_FACTOR

PlaybookMode = Literal["off", "dry-run", "on"]
LEVELS: Final[tuple[Level, ...]] = ("informational", "low", "medium", "high", "critical")
"""The ladder, from below."""


class PlaybookStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """One thing that is done."""

    do: Annotated[
        Literal["step-up", "throttle", "block", "revoke", "end-logins", "suspend", "open-case", "notify"],
        Meta(description="What is done; `docs/responses.md` tells what each does."),
    ]
    of: Annotated[
        Literal["", "user", "client", "grant", "network"],
        Meta(
            description="To whom: as the alert's group names it; a user or a grant also as the raising event does. Empty for `notify` alone."
        ),
    ] = ""
    channels: Annotated[
        tuple[str, ...], Meta(max_length=20, description="Of a `notify`: names of the policy's channels that are told.")
    ] = ()
    lasts: Annotated[Duration, Meta(description="How long a step-up, throttle or block stands, at most 30d.")] = "1h"
    factor: Annotated[
        float, Meta(gt=1, le=MOST_FACTOR, description="Of a throttle: so many times slower than its limits say.")
    ] = 10.0
    from_level: Annotated[Level, Meta(description="Only for alerts of this level and above.")] = "informational"


class Rung(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """What is done on one rung of a ladder."""

    steps: Annotated[tuple[PlaybookStep, ...], Meta(min_length=1, description="In this order.")]
    from_risk: Annotated[
        Annotated[float, Meta(gt=0, lt=1)] | None,
        Meta(description="From this risk on the first alert reaches it at once. Absent: by repetition."),
    ] = None


class Ladder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """Rungs that somebody climbs, one for each further alert."""

    of: Annotated[
        Literal["user", "client", "grant", "network"],
        Meta(
            description="Who climbs: as the alert's group names it; a user or a grant also as the raising event does."
        ),
    ]
    within: Annotated[
        Duration, Meta(description="How long a rung is remembered, from the last alert on, at most 30d.")
    ] = "1h"
    rungs: Annotated[tuple[Rung, ...], Meta(min_length=2, max_length=6, description="From below.")]


class Playbook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """One playbook."""

    id: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{2,60}$", description="Names the playbook for good.")]
    title: Annotated[str, Meta(min_length=5, description="What it answers, in a few words.")]
    description: Annotated[str, Meta(min_length=10, description="What it does to whom, and whom it may hit wrongly.")]
    mode: Annotated[
        PlaybookMode,
        Meta(description="`dry-run` writes down what it would do, `on` does it; both for rules that are enforced."),
    ] = "dry-run"
    rules: Annotated[tuple[str, ...], Meta(min_length=1, description="Ids of the rules whose alerts it answers.")]
    steps: Annotated[tuple[PlaybookStep, ...], Meta(description="For every alert, in this order.")] = ()
    ladder: Annotated[
        Ladder | None,
        Meta(description="What is done besides, rung by rung for further alerts about the same somebody."),
    ] = None
