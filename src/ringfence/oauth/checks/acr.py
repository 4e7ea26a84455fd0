"""Promise no stronger login than there is.  RFC 9470 §5; OpenID Connect Core §3.1.2.1."""

from collections.abc import Collection

from ringfence.oauth.exchange import Exchange, settled
from ringfence.oauth.forms import Form
from ringfence.oauth.tokens import ACR_PASSWORD, ACR_TWO_FACTOR
from ringfence.problem import Reason, Refused


def require_acr_values(parameters: Form, known: Collection[str]) -> str:
    """Return `acr_values` as it came, if one of them can be met.

    A client that lists values which no login here reaches is told at once, before a customer types a password
    for nothing.

    Raises:
        Refused: AUTHENTICATION_UNMET.
    """
    asked = parameters.get("acr_values", "").split()
    if asked and not set(asked) & set(known):
        raise Refused(Reason.AUTHENTICATION_UNMET, "acr_values_supported in the metadata names what there is")
    return " ".join(asked)


def require_reached(exchange: Exchange) -> None:
    """Return if the customer's login is of a class that the client asked for, or of a stronger one.

    Whoever has an authenticator has used it, so another login would reach no more.

    Raises:
        Refused: AUTHENTICATION_UNMET.
    """
    asked = settled(exchange.asked).acr_values.split()
    reached = settled(exchange.session).acr or ACR_PASSWORD
    if asked and reached not in asked and not (reached == ACR_TWO_FACTOR and ACR_PASSWORD in asked):
        raise Refused(Reason.AUTHENTICATION_UNMET, "the customer has no authenticator")
