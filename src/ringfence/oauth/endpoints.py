"""The authorization server's endpoints: where each one lies and which methods it takes.  RFC 8414 §2, §3."""

import enum
from typing import Final

import msgspec

from ringfence.oauth.profile import Profile, compile_profile
from ringfence.policy.model import Policy


class Endpoint(enum.Enum):
    """Every endpoint; the value is the path below the issuer's own path."""

    PAR = "/oauth/par"
    AUTHORIZE = "/oauth/authorize"
    INTERACTION = "/oauth/interaction"
    LOGIN = "/oauth/login"
    CONSENT = "/oauth/consent"
    TOKEN = "/oauth/token"  # noqa: S105 - a path
    INTROSPECTION = "/oauth/introspect"
    REVOCATION = "/oauth/revoke"
    USERINFO = "/oauth/userinfo"
    JWKS = "/oauth/jwks"
    METADATA = "/.well-known/oauth-authorization-server"
    OIDC_METADATA = "/.well-known/openid-configuration"


METHODS: Final[dict[Endpoint, tuple[str, ...]]] = {
    Endpoint.PAR: ("POST",),
    Endpoint.AUTHORIZE: ("GET",),
    Endpoint.INTERACTION: ("GET",),
    Endpoint.LOGIN: ("POST",),
    Endpoint.CONSENT: ("POST",),
    Endpoint.TOKEN: ("POST",),
    Endpoint.INTROSPECTION: ("POST",),
    Endpoint.REVOCATION: ("POST",),
    Endpoint.USERINFO: ("GET", "POST"),
    Endpoint.JWKS: ("GET",),
    Endpoint.METADATA: ("GET",),
    Endpoint.OIDC_METADATA: ("GET",),
}

PAGES: Final = frozenset({Endpoint.AUTHORIZE, Endpoint.INTERACTION, Endpoint.LOGIN, Endpoint.CONSENT})
"""Endpoints that people see: their errors are pages."""

AUTHENTICATED: Final = frozenset({Endpoint.PAR, Endpoint.TOKEN, Endpoint.INTROSPECTION, Endpoint.REVOCATION})
"""Endpoints that authenticate the client."""

PROTECTED: Final = frozenset({Endpoint.USERINFO})
"""Endpoints that take an access token: their errors are challenges."""


class Place(msgspec.Struct, frozen=True):
    """One path with what lies there."""

    path: str
    endpoint: Endpoint


def path_of(profile: Profile, endpoint: Endpoint) -> str:
    """Return an endpoint's path, the issuer's own path included.

    RFC 8414 §3.1 puts its well-known part between host and path; OIDC Discovery §4 puts it after.
    """
    if endpoint is Endpoint.METADATA:
        return f"{endpoint.value}{profile.base_path}"
    return f"{profile.base_path}{endpoint.value}"


def places(profile: Profile) -> tuple[Place, ...]:
    """Return every path that is served."""
    return tuple(Place(path_of(profile, endpoint), endpoint) for endpoint in Endpoint)


def issuer_paths(policy: Policy) -> tuple[str, ...]:
    """Return the exact paths that the edge has to lead to the authorization server."""
    return tuple(place.path for place in places(compile_profile(policy)))


def url_of(profile: Profile, endpoint: Endpoint) -> str:
    """Return an endpoint's URL on the public listener."""
    return profile.origin + path_of(profile, endpoint)
