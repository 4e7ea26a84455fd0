"""Judge what a client registers for requests without a redirect and for logging out.

OpenID CIBA Core §4; OpenID Connect Back-Channel Logout §2.2; OpenID Connect RP-Initiated Logout §3.1.
"""

from collections.abc import Sequence
from typing import Final, Protocol

from ringfence.fetching import Unfetchable, read_target
from ringfence.problem import Fault, Reason, Refused

CIBA: Final = "urn:openid:params:grant-type:ciba"

MOST_URIS: Final = 20


class Members(Protocol):
    """The members, wherever they come from: the management API or a registration request."""

    @property
    def grant_types(self) -> Sequence[str]:
        """What it may get tokens by."""
        ...

    @property
    def backchannel_token_delivery_mode(self) -> str:
        """`poll`, `ping` or empty."""
        ...

    @property
    def backchannel_client_notification_endpoint(self) -> str:
        """Where it is pinged."""
        ...

    @property
    def backchannel_logout_uri(self) -> str:
        """Where it is told of an end."""
        ...

    @property
    def backchannel_logout_session_required(self) -> bool:
        """Whether that has to name the session; it always does here."""
        ...

    @property
    def post_logout_redirect_uris(self) -> Sequence[str]:
        """Where customers return to; the form of each is that of a redirect URI, and checked as one."""
        ...


def require_backchannel_members(asked: Members) -> None:
    """Return if the members go together, and what we would post to can be posted to.

    Raises:
        Refused: ADMIN_REQUEST, with the member that is wrong.
    """
    mode, endpoint = asked.backchannel_token_delivery_mode, asked.backchannel_client_notification_endpoint
    if mode not in ("", "poll", "ping"):
        raise _fault("/backchannel_token_delivery_mode", "is poll or ping: tokens are never pushed (FAPI-CIBA §5.2.2)")
    if (CIBA in asked.grant_types) != bool(mode):
        raise _fault("/backchannel_token_delivery_mode", f"goes with the grant type {CIBA}, and the other way round")
    if bool(endpoint) != (mode == "ping"):
        raise _fault("/backchannel_client_notification_endpoint", "goes with the delivery mode ping, which needs it")
    if endpoint:
        _require_target(endpoint, "/backchannel_client_notification_endpoint")
    if asked.backchannel_logout_uri:
        _require_target(asked.backchannel_logout_uri, "/backchannel_logout_uri")
    elif asked.backchannel_logout_session_required:
        raise _fault("/backchannel_logout_session_required", "goes with a backchannel_logout_uri")
    uris = asked.post_logout_redirect_uris
    if len(uris) > MOST_URIS or len(set(uris)) != len(uris):
        raise _fault("/post_logout_redirect_uris", f"holds each URI once, and at most {MOST_URIS}")
    if uris and "authorization_code" not in asked.grant_types:
        raise _fault("/post_logout_redirect_uris", "are for clients whose customers log in here: authorization_code")


def _require_target(url: str, at: str) -> None:
    try:
        read_target(url)
    except Unfetchable as why:
        raise _fault(at, f"cannot be posted to: {why}") from None


def _fault(at: str, message: str) -> Refused:
    return Refused(Reason.ADMIN_REQUEST, faults=(Fault(at, message),))
