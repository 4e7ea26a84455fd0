"""What a policy says about a customer's first payments to somebody.  SCA RTS art. 2(2), 13; RFC 9470 §3."""

from typing import Annotated

import msgspec
from msgspec import Meta

from ringfence.policy.linking_model import AcrValue, AmountText

Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$", description="An ISO 4217 code.")]


class NewPayee(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds for payments to whom the customer has not paid before, or not long ago. At least one of three."""

    at_most: Annotated[
        dict[Currency, AmountText] | None,
        Meta(description="How much may go to the payee altogether while it is new; another currency is refused."),
    ] = None
    acr: Annotated[
        tuple[AcrValue, ...], Meta(description="Classes of login that will do for it, as under `acr`. Empty: any.")
    ] = ()
    max_age_seconds: Annotated[
        Annotated[int, Meta(ge=0)] | None, Meta(description="How long ago the login may be. Absent: any time.")
    ] = None
    known_after_seconds: Annotated[
        int,
        Meta(ge=0, le=86_400 * 90, description="A payee is new until its first payment that succeeded is this old."),
    ] = 86_400
    keep_seconds: Annotated[
        int, Meta(ge=3600, le=86_400 * 3660, description="After this time without a payment a payee is new again.")
    ] = 86_400 * 400
