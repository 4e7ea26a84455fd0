"""Promise no stronger login than there is.  RFC 9470 §5; OpenID Connect Core §3.1.2.1."""

from collections.abc import Collection

from ringfence.oauth.exchange import Exchange, settled
from ringfence.oauth.forms import Form
from ringfence.oauth.tokens import ACR_PASSWORD, ACRS
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

    A session of before the request that does not reach it is not used: the customer logs in anew, with what
    there is. So whoever comes here with less has no more, or has chosen not to use it.

    Raises:
        Refused: AUTHENTICATION_UNMET.
    """
    if not is_reached(settled(exchange.asked).acr_values, settled(exchange.session).acr):
        raise Refused(Reason.AUTHENTICATION_UNMET, "the customer has not logged in that way")


def is_reached(acr_values: str, acr: str) -> bool:
    """Say whether a class of login is one of those asked for, or stronger than one of them; nothing asked is reached."""
    asked, reached = acr_values.split(), acr or ACR_PASSWORD
    if not asked or reached in asked:
        return True
    if reached not in ACRS:
        return False  # of an outside application, whose classes have no order that we know
    return any(one in ACRS[: ACRS.index(reached)] for one in asked)
