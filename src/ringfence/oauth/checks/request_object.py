"""Refuse what would bring in parameters from elsewhere.  RFC 9126 §2.1; RFC 9101 §5; RFC 9396 §5."""

from ringfence.oauth.forms import Form
from ringfence.problem import Reason, Refused


def refuse_request_object(parameters: Form) -> None:
    """Return if the pushed request is made of plain parameters alone.

    Raises:
        Refused: REQUEST_OBJECT_UNSUPPORTED for `request`, OAUTH_REQUEST for `request_uri` and
            `authorization_details`: leaving those out would grant something else than was asked.
    """
    if "request" in parameters:
        raise Refused(Reason.REQUEST_OBJECT_UNSUPPORTED)
    if "request_uri" in parameters:
        raise Refused(Reason.OAUTH_REQUEST, "request_uri cannot be pushed")
    if "authorization_details" in parameters:
        raise Refused(Reason.OAUTH_REQUEST, "authorization_details are not taken: ask for scopes")
