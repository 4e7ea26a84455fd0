"""Publish the keys that verify our tokens.  RFC 7517 §5; FAPI 2.0 SP §5.4.2."""

from ringfence.oauth.answers import CACHEABLE, json_response
from ringfence.oauth.exchange import Exchange, Outcome, Server


async def publish_keys(exchange: Exchange, server: Server) -> Outcome:  # noqa: ARG001 - every action has one signature
    """Return the public keys."""
    return Outcome(json_response(server.ports.signer.public_jwks(), caching=CACHEABLE))
