"""Names of what can be blocked in the fast state: grants, tokens, clients, users, networks, sessions and keys."""

from typing import Final

from ringfence.clock import Instant

FOR_GOOD: Final = Instant(32_503_680_000.0)
"""The year 3000: until when what must never work again is blocked."""


def grant_block(grant_id: str) -> bytes:
    """Return the block key of a grant: every token issued from it stops working."""
    return b"grant:" + grant_id.encode("utf-8", "surrogatepass")


def token_block(jti: str) -> bytes:
    """Return the block key of one access token, by its `jti`."""
    return b"token:" + jti.encode("utf-8", "surrogatepass")


def client_block(client_id: str) -> bytes:
    """Return the block key of a client: all its tokens stop working."""
    return b"client:" + client_id.encode("utf-8", "surrogatepass")


def user_block(user_id: str) -> bytes:
    """Return the block key of a customer: no token that acts for them works."""
    return b"user:" + user_id.encode("utf-8", "surrogatepass")


def network_block(network: str) -> bytes:
    """Return the block key of a network: an IPv4 address or the /64 of an IPv6 address, from which nothing is taken."""
    return b"network:" + network.encode("utf-8", "surrogatepass")


def session_block(sid: str) -> bytes:
    """Return the block key of a customer's login: tokens that were given in it stop working."""
    return b"session:" + sid.encode("utf-8", "surrogatepass")


def key_block(kid: str) -> bytes:
    """Return the block key of a signing key of ours: no token that it signed works."""
    return b"key:" + kid.encode("utf-8", "surrogatepass")
