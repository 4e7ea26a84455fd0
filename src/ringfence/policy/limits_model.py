"""What a policy says about how often partners may call: named limits that operations refer to."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Sharer = Literal["client", "user", "grant", "consent", "network", "operation", "everyone"]

CostDemand = Annotated[
    Annotated[int, Meta(ge=1, le=1_000_000)] | None,
    Meta(description="How many calls a call counts for in each of its limits. Default: 1."),
]

TellLimits = Annotated[
    Literal["on", "off"],
    Meta(
        description="Answers say what is left of the caller's tightest limit, in `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-11)."
    ),
]


class Quota(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Calls in a day or month by the calendar."""

    calls: Annotated[int, Meta(ge=1, le=10**12, description="Calls, each counted by its cost.")]
    window: Annotated[Literal["day", "month"], Meta(description="By the calendar of `zone`.")] = "day"
    zone: Annotated[str, Meta(description="Time zone of the calendar, `Europe/London`.")] = "UTC"


class InFlight(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Calls at once, over all workers: from when a call is let in until its answer has gone out."""

    calls: Annotated[int, Meta(ge=1, le=1000, description="Calls at once.")]
    lease_seconds: Annotated[
        float,
        Meta(
            ge=1,
            le=3600,
            description="How long a call counts whose worker died; longer than the upstream's times together. A streamed answer that takes longer goes on counting.",
        ),
    ] = 120.0


class Trust(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """More calls for who has called for long without a blemish."""

    up_to: Annotated[float, Meta(gt=1, le=100, description="How many times as many calls, at most.")]
    after_calls: Annotated[
        int, Meta(ge=1, le=10**9, description="Clean calls after which that is reached, bit by bit.")
    ]
    half_life_seconds: Annotated[
        float, Meta(ge=1, le=86_400 * 400, description="In which half of the calls that count are forgotten.")
    ] = 604_800.0
    clean_below: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description="A call of more risk is not clean, and while such a risk counts trust does not. A call that is refused for what it is halves what has been earned.",
        ),
    ] = 0.2


class Adaptive(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a call costs by its risk r, from 0 to 1: cost·(1 + factor·r^power), divided by what trust allows."""

    factor: Annotated[
        float, Meta(ge=0, le=1000, description="How much more the highest risk costs, as a multiple.")
    ] = 4.0
    power: Annotated[
        float, Meta(ge=0.1, le=10, description="Above 1, small risks cost little; below, they cost much.")
    ] = 2.0
    hysteresis: Annotated[
        float, Meta(ge=0, lt=1, description="The share by which a risk has to fall before it counts as lower.")
    ] = 0.2
    hold_seconds: Annotated[
        float, Meta(ge=1, le=86_400, description="How long a risk counts after it was last seen.")
    ] = 300.0
    trust: Annotated[Trust | None, Meta(description="Absent: nobody earns more.")] = None


class Limit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How often may be called: exactly one of a rate with bursts (GCRA, one number a key), `quota` and `in_flight`."""

    per: Annotated[
        Sharer,
        Meta(
            description="Who shares it. `operation` is each client by operation; `consent` the grant where no consent is single; `network` an IPv4 address or the /64 of an IPv6 address. Without a customer, `user`, `grant` and `consent` are the client."
        ),
    ]
    rate_per_second: Annotated[
        float, Meta(gt=0, le=1_000_000, description="Calls a second in the long run. With `burst`.")
    ] = 0.0
    burst: Annotated[int, Meta(ge=1, le=1_000_000, description="Calls at once beyond the rate.")] = 0
    quota: Quota | None = None
    in_flight: InFlight | None = None
    reserve: Annotated[
        int,
        Meta(
            ge=0,
            description="How much of it only payments on a customer's consent may take, so that other calls never starve them.",
        ),
    ] = 0
    adaptive: Annotated[Adaptive | None, Meta(description="For a rate: calls cost by their risk.")] = None

    @property
    def holds(self) -> int:
        """The most that it takes at once, or in its window."""
        if self.quota is not None:
            return self.quota.calls
        return self.in_flight.calls if self.in_flight is not None else self.burst + 1

    @property
    def order(self) -> int:
        """Rates come first, then quotas, then calls in flight."""
        return 2 if self.in_flight is not None else 1 if self.quota is not None else 0
