"""Tell about a token only those whom it concerns.  RFC 7662 §4."""

from ringfence.problem import Reason, Refused
from ringfence.store.model import Client


def require_concern(caller: Client, client_id: str, *, access: bool) -> None:
    """Return if the caller may learn about a token of `client_id`.

    A client learns about its own tokens. A resource server is registered without grant types, so
    that it can never hold a token itself; it learns about every access token, and no refresh token.

    Raises:
        Refused: CLIENT_UNAUTHORIZED, which introspection answers with `active: false`.
    """
    is_resource_server = not caller.grant_types
    if caller.client_id != client_id and not (is_resource_server and access):
        raise Refused(Reason.CLIENT_UNAUTHORIZED, private="introspection of another client's token")
