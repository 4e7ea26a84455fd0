"""What of our events is told to clients, and in which words.  OpenID CAEP §3.1, §3.3; OpenID RISC Profile §2.4, §2.5."""

from typing import Any, Final

import msgspec

from ringfence.clock import Instant
from ringfence.events import Event
from ringfence.events.actions import AdminActed
from ringfence.events.logins import AuthenticatorEnrolled, PasskeyChanged, SessionEnded
from ringfence.events.tokens import GrantRevoked

_CAEP: Final = "https://schemas.openid.net/secevent/caep/event-type/"
_RISC: Final = "https://schemas.openid.net/secevent/risc/event-type/"

SESSION_REVOKED: Final = f"{_CAEP}session-revoked"
CREDENTIAL_CHANGE: Final = f"{_CAEP}credential-change"
ACCOUNT_DISABLED: Final = f"{_RISC}account-disabled"
ACCOUNT_ENABLED: Final = f"{_RISC}account-enabled"

SUPPORTED: Final = (SESSION_REVOKED, CREDENTIAL_CHANGE, ACCOUNT_DISABLED, ACCOUNT_ENABLED)

VERIFICATION: Final = "https://schemas.openid.net/secevent/ssf/event-type/verification"
"""OpenID Shared Signals Framework §8.1.4."""

PASSKEY: Final = "fido2-platform"
"""The nearest of CAEP's words (§3.3.1): whether a passkey roams, its provider alone knows."""

AUTHENTICATOR: Final = "app"

ANOTHER_LOGIN: Final = "another login"
"""A session that the customer's next one replaces: they are still logged in, and nobody is told."""

_ACCOUNTS: Final = {"user.disabled": ACCOUNT_DISABLED, "user.enabled": ACCOUNT_ENABLED}

_TOLD: Final = (SessionEnded, GrantRevoked, PasskeyChanged, AuthenticatorEnrolled, AdminActed)

NAMES: Final = frozenset(str(kind.__struct_config__.tag).encode() for kind in _TOLD)
"""Kinds of events that may be told."""


class Signal(msgspec.Struct, frozen=True):
    """Something that clients are told about one customer."""

    kind: str
    """Event type, a URI."""
    user: str
    at: Instant
    """When it happened."""
    correlation: str
    details: dict[str, Any]
    client: str = ""
    """The only client that is told; empty: each that holds a grant of the customer."""


def signal_of(event: Event) -> Signal | None:
    """Return what is told of an event, or None.

    The reasons are our own fixed words: what operators write is not for partners.
    """
    match event:
        case SessionEnded(why=why) if why != ANOTHER_LOGIN:
            details = _details(event.at, "a login of the customer has ended")
            return Signal(SESSION_REVOKED, event.user, event.at, event.correlation, details)
        case GrantRevoked() if event.user:
            details = _details(event.at, "what the customer allowed this client has ended")
            return Signal(SESSION_REVOKED, event.user, event.at, event.correlation, details, event.client)
        case PasskeyChanged(added=added):
            return _credential(event, PASSKEY, "create" if added else "delete", "user")
        case AuthenticatorEnrolled():
            return _credential(event, AUTHENTICATOR, "create", "user")
        case AdminActed(action="user.authenticator-removed", subject=user):
            details = _details(event.at, "the customer's authenticator was removed", "admin")
            details |= {"credential_type": AUTHENTICATOR, "change_type": "delete"}
            return Signal(CREDENTIAL_CHANGE, user, event.at, event.correlation, details)
        case AdminActed(action=action, subject=user) if action in _ACCOUNTS:
            return Signal(_ACCOUNTS[action], user, event.at, event.correlation, {})
        case _:
            return None


def _credential(event: PasskeyChanged | AuthenticatorEnrolled, what: str, change: str, by: str) -> Signal:
    details = _details(event.at, "the customer changed a second factor", by)
    details |= {"credential_type": what, "change_type": change}
    return Signal(CREDENTIAL_CHANGE, event.user, event.at, event.correlation, details)


def _details(at: Instant, reason: str, by: str = "") -> dict[str, Any]:
    """Return the members that every CAEP event may have (§2); the interoperability profile wants a reason in each."""
    said: dict[str, Any] = {"event_timestamp": int(at), "reason_admin": {"en": reason}}
    return said | ({"initiating_entity": by} if by else {})
