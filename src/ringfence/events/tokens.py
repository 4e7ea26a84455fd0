"""Tokens issued, refused and revoked."""

import msgspec

from ringfence.clock import Instant


class TokenDecided(msgspec.Struct, frozen=True, tag="token.decided.v1", tag_field="event", gc=False):
    """A request to an endpoint of the authorization server that authenticates clients (PAR, token, introspection, revocation)."""

    at: Instant
    correlation: str
    endpoint: str
    allowed: bool
    client: str = ""
    user: str = ""
    grant: str = ""
    grant_type: str = ""
    scopes: tuple[str, ...] = ()
    reason: str = ""
    private: str = ""
    network: str = ""


class GrantRevoked(msgspec.Struct, frozen=True, tag="grant.revoked.v1", tag_field="event", gc=False):
    """A grant ended before its time; its tokens stop working everywhere."""

    at: Instant
    correlation: str
    grant: str
    client: str
    user: str
    why: str
