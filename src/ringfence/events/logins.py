"""Customers at the login and consent pages."""

import msgspec

from ringfence.clock import Instant


class LoginDecided(msgspec.Struct, frozen=True, tag="login.decided.v1", tag_field="event", gc=False):
    """An attempt to log in."""

    at: Instant
    correlation: str
    allowed: bool
    username_hash: str
    """A hash of the typed name under a key of the installation, in hex: the name itself may be a password typed in the wrong field."""
    user: str = ""
    client: str = ""
    network: str = ""
    reason: str = ""
    acr: str = ""
    """Class of the login; empty where it was refused, and by password."""
    listed: tuple[str, ...] = ()
    """Feeds of threat intelligence that name the customer's network or user agent."""
    agent: str = ""
    """A short hash of the user agent."""
    agent_class: str = ""
    """What kind of program it says it is, such as `browser`."""


class ConsentDecided(msgspec.Struct, frozen=True, tag="consent.decided.v1", tag_field="event", gc=False):
    """A customer allowed or refused what a partner asked for."""

    at: Instant
    correlation: str
    allowed: bool
    user: str
    client: str
    scopes: tuple[str, ...]
    grant: str = ""
    network: str = ""


class SessionEnded(msgspec.Struct, frozen=True, tag="session.ended.v1", tag_field="event", gc=False):
    """A session was ended before its time: by the customer, perhaps that of a lost device, or by an operator."""

    at: Instant
    correlation: str
    user: str
    network: str = ""
    session: str = ""
    """Its name in tokens."""
    why: str = ""


class AuthenticatorEnrolled(msgspec.Struct, frozen=True, tag="authenticator.enrolled.v1", tag_field="event", gc=False):
    """A customer has an authenticator from now on."""

    at: Instant
    correlation: str
    user: str
    network: str = ""


class PasskeyChanged(msgspec.Struct, frozen=True, tag="passkey.changed.v1", tag_field="event", gc=False):
    """A customer has added or removed a passkey."""

    at: Instant
    correlation: str
    user: str
    passkey: str
    """SHA-256 in hex of the credential's id."""
    added: bool
    left: int
    """How many the customer has now."""
    network: str = ""


class PasskeyRegressed(msgspec.Struct, frozen=True, tag="passkey.regressed.v1", tag_field="event", gc=False):
    """A passkey showed a count that it had shown before: there may be a copy of it.  Web Authentication Level 3 §6.1.1."""

    at: Instant
    correlation: str
    user: str
    passkey: str
    """SHA-256 in hex of the credential's id."""
    seen: int
    shown: int
    network: str = ""


class RecoveryCodesRenewed(msgspec.Struct, frozen=True, tag="recovery-codes.renewed.v1", tag_field="event", gc=False):
    """A customer has new recovery codes; the old ones are worth nothing."""

    at: Instant
    correlation: str
    user: str
    network: str = ""
