import pytest

from ringfence.clock import Instant
from ringfence.events.actions import AdminActed
from ringfence.events.logins import AuthenticatorEnrolled, LoginDecided, PasskeyChanged, SessionEnded
from ringfence.events.tokens import GrantRevoked
from ringfence.oauth.signals.caep import (
    ACCOUNT_DISABLED,
    ACCOUNT_ENABLED,
    CREDENTIAL_CHANGE,
    NAMES,
    SESSION_REVOKED,
    signal_of,
)

AT = Instant(1_000.7)


def acted(action: str) -> AdminActed:
    return AdminActed(AT, "c", "uid:0", action, "user_mia")


@pytest.mark.parametrize(
    ("event", "kind", "members"),
    [
        (SessionEnded(AT, "c", "user_mia", why="stolen, says Jo"), SESSION_REVOKED, {}),
        (
            PasskeyChanged(AT, "c", "user_mia", "p", added=True, left=1),
            CREDENTIAL_CHANGE,
            {"credential_type": "fido2-platform", "change_type": "create", "initiating_entity": "user"},
        ),
        (
            PasskeyChanged(AT, "c", "user_mia", "p", added=False, left=0),
            CREDENTIAL_CHANGE,
            {"credential_type": "fido2-platform", "change_type": "delete"},
        ),
        (
            AuthenticatorEnrolled(AT, "c", "user_mia"),
            CREDENTIAL_CHANGE,
            {"credential_type": "app", "change_type": "create"},
        ),
        (
            acted("user.authenticator-removed"),
            CREDENTIAL_CHANGE,
            {"credential_type": "app", "change_type": "delete", "initiating_entity": "admin"},
        ),
    ],
)
def test_what_a_caep_event_says(event, kind, members):
    signal = signal_of(event)
    assert (signal.kind, signal.user, signal.client, signal.correlation) == (kind, "user_mia", "", "c")
    assert members.items() <= signal.details.items()
    assert signal.details["event_timestamp"] == 1_000
    assert signal.details["reason_admin"]["en"]  # the interoperability profile wants one
    assert "Jo" not in str(signal.details)  # what operators write stays here


@pytest.mark.parametrize(("action", "kind"), [("user.disabled", ACCOUNT_DISABLED), ("user.enabled", ACCOUNT_ENABLED)])
def test_what_becomes_of_accounts(action, kind):
    assert (signal_of(acted(action)).kind, signal_of(acted(action)).details) == (kind, {})


def test_a_revoked_grant_concerns_its_client_alone():
    assert signal_of(GrantRevoked(AT, "c", "g", "client_one", "user_mia", "asked")).client == "client_one"
    assert signal_of(GrantRevoked(AT, "c", "self_x", "x", "", "asked")) is None


def test_what_is_told_to_nobody():
    assert signal_of(SessionEnded(AT, "c", "user_mia", why="another login")) is None
    assert signal_of(acted("client.added")) is None
    assert signal_of(LoginDecided(AT, "c", allowed=True, username_hash="h")) is None
    assert b"session.ended.v1" in NAMES
    assert b"call.decided.v1" not in NAMES
