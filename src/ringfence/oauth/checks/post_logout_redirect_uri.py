"""Send a customer who has logged out to no place but one that the client registered, exactly.  OpenID Connect RP-Initiated Logout §2, §3."""

from ringfence.problem import Reason, Refused
from ringfence.store.model import Client


def require_post_logout_redirect_uri(uri: str, client: Client | None) -> str:
    """Return the URI; empty where none is asked for.

    Args:
        uri: as asked.
        client: to whom the `id_token_hint` was given; None without a hint: then nobody can be asked for.

    Raises:
        Refused: REDIRECT_URI_INVALID.
    """
    if not uri:
        return ""
    if client is None:
        raise Refused(Reason.REDIRECT_URI_INVALID, "post_logout_redirect_uri goes with an id_token_hint")
    if client.status != "active" or uri not in client.post_logout_redirect_uris:
        raise Refused(Reason.REDIRECT_URI_INVALID, "it registered no such post_logout_redirect_uri")
    return uri
