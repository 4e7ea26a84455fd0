"""Describe the transmitter, and publish the keys of its events.  OpenID Shared Signals Framework §7.1; OpenID CAEP Interoperability Profile §2.3."""

from typing import Any, Final

from ringfence.oauth.answers import CACHEABLE, json_response
from ringfence.oauth.endpoints import Endpoint, url_of
from ringfence.oauth.exchange import Exchange, Outcome, Server
from ringfence.oauth.profile import Profile

POLL: Final = "urn:ietf:rfc:8936"
"""The client asks for its events."""

PUSH: Final = "urn:ietf:rfc:8935"
"""They are posted to it."""


async def describe_transmitter(exchange: Exchange, server: Server) -> Outcome:  # noqa: ARG001 - every action has one signature
    """Return the transmitter's metadata."""
    return Outcome(json_response(transmitter(server.profile), caching=CACHEABLE))


async def publish_set_keys(exchange: Exchange, server: Server) -> Outcome:  # noqa: ARG001 - every action has one signature
    """Return the public keys of security events.  Raises Unavailable, KeyUnusable."""
    return Outcome(json_response(await server.ports.sets.public_jwks(), caching=CACHEABLE))


def transmitter(profile: Profile) -> dict[str, Any]:
    """Return the metadata of a profile."""
    return {
        "spec_version": "1_0",
        "issuer": profile.issuer,
        "jwks_uri": url_of(profile, Endpoint.SIGNALS_JWKS),
        "delivery_methods_supported": [PUSH, POLL],
        "configuration_endpoint": url_of(profile, Endpoint.SIGNALS_STREAMS),
        "status_endpoint": url_of(profile, Endpoint.SIGNALS_STATUS),
        "add_subject_endpoint": url_of(profile, Endpoint.SIGNALS_ADD),
        "remove_subject_endpoint": url_of(profile, Endpoint.SIGNALS_REMOVE),
        "verification_endpoint": url_of(profile, Endpoint.SIGNALS_VERIFY),
        "authorization_schemes": [{"spec_urn": "urn:ietf:rfc:6749"}],
        # of whom a client holds a grant; it may leave some of them out
        "default_subjects": "ALL",
    }
