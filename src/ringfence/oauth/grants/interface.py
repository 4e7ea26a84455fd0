"""What a grant type is: a name, and how it turns a token request into tokens.  RFC 6749 §4, §6."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from ringfence.oauth.exchange import Exchange, Server


class Issued(msgspec.Struct, frozen=True):
    """The token response's body, and whom it is for."""

    body: dict[str, Any]
    grant: str
    user: str
    scopes: tuple[str, ...]


class GrantType(msgspec.Struct, frozen=True):
    """One grant type of the token endpoint."""

    name: str
    """`grant_type` value."""
    issue: Callable[[Exchange, Server], Awaitable[Issued]]
    """Called once the client is authenticated, allowed to use the grant type, and has proven possession."""
