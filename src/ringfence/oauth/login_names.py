"""What stands for a login name in events, in counts of tries and in risks: a hash of it under a key of the installation.  RFC 2104; NIST SP 800-63B-4 §3.2.2."""

from typing import Final

from ringfence.oauth.exchange import Server

_PURPOSE: Final = b"login name\n"
"""Nothing else that is marked under the same key begins with this."""


def name_digest(name: str, server: Server) -> str:
    """Return 64 digits in hex that stand for a name, typed or known; case counts.

    Whoever reads the events cannot try names against it: that takes the key, which the authorization server alone reads.
    """
    return server.ports.sealer.mark(_PURPOSE + name.encode("utf-8", "surrogatepass")).hex()
