"""Publish the keys that partners seal their requests to.  RFC 7517 §4.2, §5.

Only the newest is published: what is sealed to an older one still opens, so nothing has to be published twice. One that
is suspended or compromised is gone from here at once, and opens nothing.
"""

from ringfence.oauth.answers import CACHEABLE, json_response
from ringfence.oauth.exchange import Exchange, Outcome, Server


async def publish_payload_keys(exchange: Exchange, server: Server) -> Outcome:  # noqa: ARG001 - every action has one signature
    """Return the public keys of purpose `payload`; none where no operation takes sealed bodies."""
    return Outcome(json_response({"keys": server.ports.payload_jwks().get("keys", [])}, caching=CACHEABLE))
