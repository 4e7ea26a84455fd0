"""Names of what can be blocked in the fast state: grants, tokens, clients, users and networks."""


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
