"""The authorization server's endpoints: where each one lies and which methods it takes.  RFC 8414 §2, §3."""

import enum
import re
from typing import Final

import msgspec

from ringfence.oauth.profile import Profile, compile_profile
from ringfence.policy.model import Policy


class Endpoint(enum.Enum):
    """Every endpoint; the value is the path below the issuer's own path."""

    PAR = "/oauth/par"
    BACKCHANNEL = "/oauth/bc-authorize"
    AUTHORIZE = "/oauth/authorize"
    INTERACTION = "/oauth/interaction"
    LOGIN = "/oauth/login"
    CONSENT = "/oauth/consent"
    CONTINUE = "/oauth/continue"
    TOKEN = "/oauth/token"  # noqa: S105 - a path
    INTROSPECTION = "/oauth/introspect"
    REVOCATION = "/oauth/revoke"
    USERINFO = "/oauth/userinfo"
    GRANT = "/oauth/grants/{grant_id}"
    MY_GRANTS = "/oauth/my/grants"
    MY_LOGIN = "/oauth/my/login"
    MY_WITHDRAW = "/oauth/my/withdraw"
    MY_SESSION_END = "/oauth/my/end-session"
    MY_REQUESTS = "/oauth/my/requests"
    MY_ANSWER = "/oauth/my/answer"
    END_SESSION = "/oauth/end-session"
    LOGOUT = "/oauth/logout"
    MY_AUTHENTICATOR = "/oauth/my/authenticator"
    MY_ENROL = "/oauth/my/enrol"
    REGISTRATION = "/oauth/register"
    REGISTERED = "/oauth/register/{client_id}"
    LOGO = "/oauth/logo/{client_id}"
    MY_PASSKEYS = "/oauth/my/passkeys"
    MY_PASSKEY_ADD = "/oauth/my/add-passkey"
    MY_PASSKEY_NAME = "/oauth/my/name-passkey"
    MY_PASSKEY_REMOVE = "/oauth/my/remove-passkey"
    MY_RECOVERY = "/oauth/my/recovery-codes"
    PASSKEY_SCRIPT = "/oauth/passkeys.js"
    JWKS = "/oauth/jwks"
    PAYLOAD_JWKS = "/oauth/payload/jwks"
    SIGNALS_JWKS = "/oauth/ssf/jwks"
    SIGNALS_STREAMS = "/oauth/ssf/streams"
    SIGNALS_STATUS = "/oauth/ssf/status"
    SIGNALS_VERIFY = "/oauth/ssf/verify"
    SIGNALS_ADD = "/oauth/ssf/subjects/add"
    SIGNALS_REMOVE = "/oauth/ssf/subjects/remove"
    SIGNALS_POLL = "/oauth/ssf/poll"
    SIGNALS_RECEIVE = "/oauth/ssf/receive/{transmitter}"
    SIGNALS_METADATA = "/.well-known/ssf-configuration"
    METADATA = "/.well-known/oauth-authorization-server"
    OIDC_METADATA = "/.well-known/openid-configuration"


METHODS: Final[dict[Endpoint, tuple[str, ...]]] = {
    Endpoint.PAR: ("POST",),
    Endpoint.BACKCHANNEL: ("POST",),
    Endpoint.AUTHORIZE: ("GET", "POST"),
    Endpoint.INTERACTION: ("GET",),
    Endpoint.LOGIN: ("POST",),
    Endpoint.CONSENT: ("POST",),
    Endpoint.CONTINUE: ("GET",),
    Endpoint.TOKEN: ("POST",),
    Endpoint.INTROSPECTION: ("POST",),
    Endpoint.REVOCATION: ("POST",),
    Endpoint.USERINFO: ("GET", "POST"),
    Endpoint.GRANT: ("GET", "DELETE"),
    Endpoint.MY_GRANTS: ("GET",),
    Endpoint.MY_LOGIN: ("POST",),
    Endpoint.MY_WITHDRAW: ("POST",),
    Endpoint.MY_SESSION_END: ("POST",),
    Endpoint.MY_REQUESTS: ("GET",),
    Endpoint.MY_ANSWER: ("POST",),
    Endpoint.END_SESSION: ("GET", "POST"),
    Endpoint.LOGOUT: ("POST",),
    Endpoint.MY_AUTHENTICATOR: ("GET",),
    Endpoint.MY_ENROL: ("POST",),
    Endpoint.REGISTRATION: ("POST",),
    Endpoint.REGISTERED: ("GET", "PUT", "DELETE"),
    Endpoint.LOGO: ("GET",),
    Endpoint.MY_PASSKEYS: ("GET",),
    Endpoint.MY_PASSKEY_ADD: ("POST",),
    Endpoint.MY_PASSKEY_NAME: ("POST",),
    Endpoint.MY_PASSKEY_REMOVE: ("POST",),
    Endpoint.MY_RECOVERY: ("POST",),
    Endpoint.PASSKEY_SCRIPT: ("GET",),
    Endpoint.JWKS: ("GET",),
    Endpoint.PAYLOAD_JWKS: ("GET",),
    Endpoint.SIGNALS_JWKS: ("GET",),
    Endpoint.SIGNALS_STREAMS: ("GET", "POST", "PATCH", "PUT", "DELETE"),
    Endpoint.SIGNALS_STATUS: ("GET", "POST"),
    Endpoint.SIGNALS_VERIFY: ("POST",),
    Endpoint.SIGNALS_ADD: ("POST",),
    Endpoint.SIGNALS_REMOVE: ("POST",),
    Endpoint.SIGNALS_POLL: ("POST",),
    Endpoint.SIGNALS_RECEIVE: ("POST",),
    Endpoint.SIGNALS_METADATA: ("GET",),
    Endpoint.METADATA: ("GET",),
    Endpoint.OIDC_METADATA: ("GET",),
}

PAGES: Final = frozenset(
    {Endpoint.AUTHORIZE, Endpoint.INTERACTION, Endpoint.LOGIN, Endpoint.CONSENT, Endpoint.CONTINUE}
)
"""Endpoints that lead a customer through one pushed request: their errors are pages."""

OWN_LOGIN_FORMS: Final = frozenset(
    {Endpoint.MY_PASSKEY_ADD, Endpoint.MY_PASSKEY_NAME, Endpoint.MY_PASSKEY_REMOVE, Endpoint.MY_RECOVERY}
)
"""Forms that change how the customer logs in."""

OWN_FORMS: Final = OWN_LOGIN_FORMS | {
    Endpoint.MY_LOGIN,
    Endpoint.MY_WITHDRAW,
    Endpoint.MY_SESSION_END,
    Endpoint.MY_ENROL,
    Endpoint.MY_ANSWER,
    Endpoint.LOGOUT,
}
OWN_PAGES: Final = OWN_FORMS | {
    Endpoint.MY_GRANTS,
    Endpoint.MY_AUTHENTICATOR,
    Endpoint.MY_REQUESTS,
    Endpoint.MY_PASSKEYS,
    Endpoint.END_SESSION,
}
"""The customer's own pages and their forms: their errors are pages too."""

VARIABLE: Final = "{grant_id}"
"""The last segment of a path that names one thing among many."""

_NAMED: Final = re.compile(r"\{[a-z_]+\}$")

AUTHENTICATED: Final = frozenset(
    {Endpoint.PAR, Endpoint.BACKCHANNEL, Endpoint.TOKEN, Endpoint.INTROSPECTION, Endpoint.REVOCATION}
)
"""Endpoints that authenticate the client."""

SIGNALS: Final = frozenset(
    {
        Endpoint.SIGNALS_STREAMS,
        Endpoint.SIGNALS_STATUS,
        Endpoint.SIGNALS_VERIFY,
        Endpoint.SIGNALS_ADD,
        Endpoint.SIGNALS_REMOVE,
        Endpoint.SIGNALS_POLL,
    }
)
"""Where clients have security events."""

PROTECTED: Final = frozenset({Endpoint.USERINFO, Endpoint.GRANT}) | SIGNALS
"""Endpoints that take an access token: their errors are challenges."""

PROVEN: Final = frozenset({Endpoint.PAR, Endpoint.TOKEN}) | PROTECTED
"""Endpoints that take DPoP proofs: they give out the nonce for the next one."""


class Place(msgspec.Struct, frozen=True):
    """One path with what lies there."""

    path: str
    endpoint: Endpoint


def path_of(profile: Profile, endpoint: Endpoint) -> str:
    """Return an endpoint's path, the issuer's own path included.

    RFC 8414 §3.1 and Shared Signals Framework §7.2.1 put their well-known part between host and path; OIDC Discovery
    §4 puts it after.
    """
    if endpoint in {Endpoint.METADATA, Endpoint.SIGNALS_METADATA}:
        return f"{endpoint.value}{profile.base_path}"
    return f"{profile.base_path}{endpoint.value}"


def places(profile: Profile) -> tuple[Place, ...]:
    """Return every path that is served."""
    return tuple(Place(path_of(profile, endpoint), endpoint) for endpoint in Endpoint)


def issuer_paths(policy: Policy) -> tuple[str, ...]:
    """Return the paths that the edge has to lead to the authorization server; one that ends in `*` is a prefix."""
    return tuple(_NAMED.sub("*", place.path) for place in places(compile_profile(policy)))


def url_of(profile: Profile, endpoint: Endpoint) -> str:
    """Return an endpoint's URL on the public listener."""
    return profile.origin + path_of(profile, endpoint)
