"""The part of the policy about what happens without the browser: CIBA and token exchange.  OpenID CIBA Core §7; RFC 8693."""

from typing import Annotated

import msgspec
from msgspec import Meta

ClientId = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,128}$", description="A client's id, as `ringfence clients list` shows it.")
]


class Ciba(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long customers have to answer requests that come without a redirect, and how often clients may ask."""

    request_seconds: Annotated[
        int, Meta(ge=30, le=3600, description="To answer a request, where the client does not say.")
    ] = 300
    longest_request_seconds: Annotated[
        int, Meta(ge=30, le=3600, description="The most that a client gets with `requested_expiry`.")
    ] = 900
    interval_seconds: Annotated[
        int, Meta(ge=1, le=60, description="Between two polls of a client; grows by 5 each time it comes too early.")
    ] = 5


class MayAct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A client that may exchange access tokens of other clients for one of its own, with less in it (RFC 8693)."""

    actor: Annotated[ClientId, Meta(description="Who exchanges.")]
    tokens_of: Annotated[
        tuple[ClientId, ...], Meta(min_length=1, description="The clients whose access tokens it may exchange.")
    ]
    scopes: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[\x21\x23-\x5B\x5D-\x7E]+$")], ...],
        Meta(description="The most that the new token may have; never more than the exchanged one has."),
    ] = ()
    authorization_details: Annotated[
        tuple[str, ...], Meta(description="Types of `authorization_details` that the new token may have.")
    ] = ()
