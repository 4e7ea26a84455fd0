"""Grant no more than was registered, asked for and consented to.  RFC 6749 §3.3, §6."""

from collections.abc import Collection

from ringfence.oauth.forms import Form
from ringfence.problem import Reason, Refused

OPENID = "openid"
"""Asks for an ID token.  OpenID Connect Core §3.1.2.1."""

GRANT_QUERY = "grant_management_query"
GRANT_REVOKE = "grant_management_revoke"
GRANT_MANAGEMENT = (GRANT_QUERY, GRANT_REVOKE)
"""A client looks after its own grants with these; no customer is asked.  draft-ietf-oauth-grant-management §6.1."""

SIGNALS_READ = "ssf.read"
SIGNALS_MANAGE = "ssf.manage"
SIGNALS = (SIGNALS_READ, SIGNALS_MANAGE)
"""A client has security events with these.  CAEP Interoperability Profile §2.7.2."""

OWN = (*GRANT_MANAGEMENT, *SIGNALS)
"""Come with client_credentials, and from no customer."""

BUILT_IN = (OPENID, *OWN)
"""Known without standing in the policy."""


def require_scopes(parameters: Form, known: Collection[str], registered: Collection[str]) -> tuple[str, ...]:
    """Return the scopes asked for, each once, in their order.

    Args:
        parameters: the request's parameters.
        known: scopes of the policy.
        registered: scopes of the client.

    Raises:
        Refused: SCOPE_INVALID where there is none, or one that is unknown or not the client's.
    """
    asked = _split(parameters.get("scope", ""))
    if not asked:
        raise Refused(Reason.SCOPE_INVALID, "name the scopes")
    for scope in asked:
        if scope not in registered or (scope not in known and scope not in BUILT_IN):
            raise Refused(Reason.SCOPE_INVALID, scope[:64])
    return asked


def customer_scopes(
    parameters: Form, known: Collection[str], registered: Collection[str], *, needed: bool
) -> tuple[str, ...]:
    """Return the scopes that a customer is asked for; none will do unless they are `needed`.

    Raises:
        Refused: SCOPE_INVALID, as `require_scopes` and for a scope that no customer can give.
    """
    if not needed and not _split(parameters.get("scope", "")):
        return ()
    asked = require_scopes(parameters, known, registered)
    for scope in asked:
        if scope in OWN:
            raise Refused(Reason.SCOPE_INVALID, f"{scope} comes with client_credentials")
    return asked


def narrow_scopes(parameters: Form, granted: tuple[str, ...]) -> tuple[str, ...]:
    """Return the granted scopes, or the part of them that is asked for.  Raises Refused SCOPE_INVALID."""
    asked = _split(parameters.get("scope", ""))
    for scope in asked:
        if scope not in granted:
            raise Refused(Reason.SCOPE_INVALID, f"{scope[:64]} was not granted")
    return asked or granted


def still_registered(granted: tuple[str, ...], registered: Collection[str]) -> tuple[str, ...]:
    """Return the granted scopes that the client has not lost since, as when its statement says less now.

    Raises:
        Refused: GRANT_INVALID where there were some and none is left.
    """
    left = tuple(scope for scope in granted if scope in registered)
    if granted and not left:
        raise Refused(Reason.GRANT_INVALID, "the client is no longer registered for anything that was granted")
    return left


def _split(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part for part in text.split(" ") if part))
