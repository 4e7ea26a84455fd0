"""Is the caller known from threat intelligence?  RFC 9110 §10.1.5; RFC 9470 §3."""

from ringfence.clock import Instant
from ringfence.gateway.acceptance import Acceptance
from ringfence.gateway.login_demands import require_login
from ringfence.gateway.stages import Authorized
from ringfence.intel.lookup import Lookup
from ringfence.intel.table import Listing
from ringfence.message import Request
from ringfence.problem import Reason, Refused


def recognise(request: Request, lookup: Lookup, now: Instant) -> Listing:
    """Return what feeds say of the caller's network and user agent.

    The network is the peer's: nothing that the caller says about it counts.
    """
    return lookup.of(request.peer.address, request.header("user-agent") or "", now)


def turn_away(listing: Listing) -> Listing:
    """Return the listing of a caller who may go on.  Raises Refused NETWORK_BLOCKED: a feed that says refuse names it."""
    if listing.action == "refuse":
        private = f"listed: {', '.join(listing.feeds)}"
        raise Refused(Reason.NETWORK_BLOCKED, "try again later, or from another network", private=private)
    return listing


def vouched(authorized: Authorized, listing: Listing, accepted: Acceptance, now: Instant) -> Authorized:
    """Return the call if its customer's login is strong enough for the network that it comes from.

    A token that stands for no customer has no login to be stronger, and passes: its network can be refused.

    Raises:
        Refused: AUTHENTICATION_INSUFFICIENT, with the classes of login that will do.
    """
    token = authorized.identified.token
    if listing.action == "step-up" and token.user_id:
        require_login(token, accepted.step_up_acr, None, accepted.challenge, now)
    return authorized
