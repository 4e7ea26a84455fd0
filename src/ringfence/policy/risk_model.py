"""What a policy demands of callers against whom something speaks.  RFC 9470 §3."""

from typing import Annotated

import msgspec
from msgspec import Meta

from ringfence.policy.linking_model import AcrValue

Threshold = Annotated[float, Meta(gt=0, le=1)]


class RiskStepUp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From which risk on a customer has to have logged in anew. Risk alone refuses nobody who has."""

    step_up_at: Annotated[Threshold, Meta(description="Risk from 0 to 1; 1 is never reached and switches it off.")]
    acr: Annotated[
        tuple[AcrValue, ...],
        Meta(description="Classes of login any of which will do then; empty: any. Default: with a second factor."),
    ] = ("urn:ringfence:acr:two-factor", "urn:ringfence:acr:phishing-resistant")
    max_age_seconds: Annotated[int, Meta(ge=0, description="How long ago the login may be then.")] = 900


RiskDemand = Annotated[
    RiskStepUp | None,
    Meta(description="A newer and stronger login when the watch has something against the caller. Default: none."),
]
SecondFactorAt = Annotated[
    Threshold | None,
    Meta(
        description="From which risk on a password alone is not enough to log in from a browser that the customer has not logged in from before. Absent: never."
    ),
]
