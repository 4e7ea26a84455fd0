"""Is the call within what the customer approved: the payment, the objects, and the login that an amount calls for?"""

from decimal import Decimal

from ringfence.clock import Instant
from ringfence.gateway.acceptance import Acceptance
from ringfence.gateway.linked import exact_amount, member, require_linked
from ringfence.gateway.login_demands import require_login
from ringfence.gateway.minimise import require_permissions
from ringfence.gateway.objects import require_granted_objects
from ringfence.gateway.stages import Constrained, Screened


def constrain(screened: Screened, accepted: Acceptance, now: Instant) -> Constrained:
    """Check a valid call against the consent behind its token.

    Raises:
        Refused: OBJECT_NOT_GRANTED, NOT_FOUND, CONSENT_EXCEEDED, AUTHENTICATION_INSUFFICIENT or PAYMENT_CHANGED.
    """
    valid = screened.valid
    identified = valid.limited.authorized.identified
    demands = identified.located.operation.demands
    require_granted_objects(valid)
    require_permissions(valid)
    for step in demands.step_up:
        amount = exact_amount(member(valid.payload, step.amount))
        # an amount that cannot be read is as much as any
        if amount is None or amount >= Decimal(step.at_least):
            require_login(identified.token, step.acr, step.max_age_seconds, accepted.challenge, now)
    if demands.link is not None:
        require_linked(valid, accepted.linkings.get(demands.link.type))
    return Constrained(screened)
