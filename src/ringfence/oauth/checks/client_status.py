"""Serve a client only while it is active, and only with what it registered.  RFC 6749 §5.2; RFC 7591 §2."""

from ringfence.problem import Reason, Refused
from ringfence.store.model import Client


def require_active(client: Client) -> Client:
    """Return the client if it is active.  Raises Refused CLIENT_AUTHENTICATION."""
    if client.status != "active":
        raise Refused(Reason.CLIENT_AUTHENTICATION, f"the client is {client.status}")
    return client


def require_grant_type(client: Client, grant_type: str) -> None:
    """Return if the client registered the grant type.  Raises Refused CLIENT_UNAUTHORIZED."""
    if grant_type not in client.grant_types:
        raise Refused(Reason.CLIENT_UNAUTHORIZED, f"it did not register {grant_type}")
