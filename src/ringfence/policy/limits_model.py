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


class Limit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often may be called: a rate with bursts (GCRA, one number a key)."""

    per: Annotated[
        Sharer,
        Meta(
            description="Who shares it. `operation` is each client by operation; `consent` the grant where no consent is single; `network` an IPv4 address or the /64 of an IPv6 address. Without a customer, `user`, `grant` and `consent` are the client."
        ),
    ]
    rate_per_second: Annotated[float, Meta(gt=0, le=1_000_000, description="Calls a second in the long run.")]
    burst: Annotated[int, Meta(ge=1, le=1_000_000, description="Calls at once beyond the rate.")]
