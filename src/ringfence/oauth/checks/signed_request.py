"""Take a signed request, or a plain one from a client that did not register to sign.  RFC 9126 §2.1, §3; RFC 9101 §10.5."""

from ringfence.oauth.forms import Form
from ringfence.problem import Reason, Refused
from ringfence.store.model import Client


def require_signed(parameters: Form, client: Client) -> str:
    """Return the request object of a pushed request; an empty text where it is plain and may be.

    Raises:
        Refused: OAUTH_REQUEST for a `request_uri`, and for a plain request of a client that registered to sign.
    """
    if "request_uri" in parameters:
        raise Refused(Reason.OAUTH_REQUEST, "request_uri cannot be pushed")
    signed = parameters.get("request", "")
    if client.require_signed_request_object and not signed:
        raise Refused(Reason.OAUTH_REQUEST, "this client registered to sign its requests: send request")
    return signed
