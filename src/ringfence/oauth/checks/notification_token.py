"""Take a bearer token to ping a client with, and take it only from clients that are pinged.  OpenID CIBA Core §7.1."""

import re
from typing import Final

from ringfence.oauth.forms import Form
from ringfence.problem import Reason, Refused
from ringfence.store.model import Client

NAME: Final = "client_notification_token"

SHORTEST: Final = 22
"""Characters of base64url that 128 random bits take, which CIBA demands."""

LONGEST: Final = 1024

_BEARER: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""RFC 6750 §2.1: nothing that could end a header field."""


def require_notification_token(parameters: Form, client: Client) -> str:
    """Return the token; empty for a client that polls.  Raises Refused OAUTH_REQUEST or CLIENT_UNAUTHORIZED."""
    if not client.backchannel_token_delivery_mode:
        raise Refused(Reason.CLIENT_UNAUTHORIZED, "it registered no backchannel_token_delivery_mode")
    token = parameters.get(NAME, "")
    if client.backchannel_token_delivery_mode != "ping":  # noqa: S105 - a way of delivery
        return ""  # needed only where there is something to notify
    if not SHORTEST <= len(token) <= LONGEST or not _BEARER.fullmatch(token):
        raise Refused(Reason.OAUTH_REQUEST, f"{NAME} is a bearer token of {SHORTEST} to {LONGEST} characters")
    return token
