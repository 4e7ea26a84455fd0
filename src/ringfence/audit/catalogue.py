"""What of each kind of event is about a person, and is therefore kept under that person's own key."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ringfence.events.actions import AdminActed, PolicyLoaded, RoleExited
from ringfence.events.audit import JournalEnded, ReceiptKeyMade, WitnessRefused
from ringfence.events.backchannel import BackchannelAsked, NoticeDelivered
from ringfence.events.calls import CallDecided
from ringfence.events.clients import ClientExpiring, ClientManaged
from ringfence.events.consents import ConsentMoved
from ringfence.events.custody import DataShredded, KeyApproved, KeyChanged, KeyRefused, KeyUsed
from ringfence.events.detection import (
    AlertDisposed,
    AlertRaised,
    BaselineLoaded,
    BlockChanged,
    CaseChanged,
    FeedRefreshed,
    NotificationAsked,
    ResponseChanged,
    RiskCleared,
    SilenceChanged,
)
from ringfence.events.logins import (
    AuthenticatorEnrolled,
    ConsentDecided,
    LoginDecided,
    PasskeyChanged,
    PasskeyRegressed,
    RecoveryCodesRenewed,
    SessionEnded,
)
from ringfence.events.protection import FieldsRevealed
from ringfence.events.signals import SignalPushed, SignalReceived
from ringfence.events.tokens import GrantRevoked, TokenDecided

PERSONAL: Final[Mapping[type[msgspec.Struct], tuple[str, ...]]] = {
    CallDecided: ("user", "network", "agent", "agent_class", "object"),
    LoginDecided: ("user", "network", "username_hash", "agent", "agent_class"),
    ConsentDecided: ("user", "network"),
    ConsentMoved: ("user",),
    SessionEnded: ("user", "network"),
    AuthenticatorEnrolled: ("user", "network"),
    PasskeyChanged: ("user", "network"),
    PasskeyRegressed: ("user", "network"),
    RecoveryCodesRenewed: ("user", "network"),
    TokenDecided: ("user", "network"),
    GrantRevoked: ("user",),
    AdminActed: (),
    PolicyLoaded: (),
    RoleExited: (),
    JournalEnded: (),
    WitnessRefused: (),
    ReceiptKeyMade: (),
    KeyUsed: (),
    KeyChanged: (),
    KeyRefused: (),
    KeyApproved: (),
    DataShredded: ("user",),
    FieldsRevealed: ("user",),
    BackchannelAsked: ("user",),
    NoticeDelivered: (),
    ClientExpiring: (),
    ClientManaged: ("name", "network"),
    AlertRaised: ("user", "network", "explanation"),
    AlertDisposed: (),
    BlockChanged: ("value",),
    ResponseChanged: ("value",),
    NotificationAsked: ("user", "network", "explanation"),
    CaseChanged: (),
    SilenceChanged: ("about",),
    FeedRefreshed: (),
    RiskCleared: ("value",),
    BaselineLoaded: (),
    SignalPushed: (),
    SignalReceived: ("user", "network"),
}
"""Every kind of the union `Event`, each with its personal members. A kind that is missing here fails the tests."""

OTHERWISE: Final = frozenset({"user", "network", "username_hash", "ip", "device", "email", "phone", "address"})
"""Members that are sealed in a kind that is not in the table: a new kind must not leak before somebody has looked."""

PERSON_PREFIX: Final = "user_"
"""How identifiers of customers begin (`ids.new_id`)."""

_BY_TAG: Final = {str(kind.__struct_config__.tag): frozenset(members) for kind, members in PERSONAL.items()}


class Parted(msgspec.Struct, frozen=True):
    """An event in two parts."""

    person: str
    """Whose key the personal part is kept under: a user's identifier, or the day where nobody is known."""
    plain: dict[str, Any]
    personal: dict[str, Any]


def part(event: dict[str, Any], day: str) -> Parted:
    """Return an event's plain and its personal members; empty personal members stay where they are.

    Args:
        event: the decoded event.
        day: names the key for people who are not known, for example `day:2026-11-25`.
    """
    sealed = _BY_TAG.get(event.get("event", ""), OTHERWISE)
    personal = {name: value for name, value in event.items() if value and (name in sealed or _is_person(value))}
    if not personal:
        return Parted("", event, {})
    person = event.get("user") or next((value for value in personal.values() if _is_person(value)), day)
    plain = {name: value for name, value in event.items() if name not in personal}
    return Parted(str(person), plain, personal)


def _is_person(value: Any) -> bool:
    """An administrator's act names in `subject` what was changed, which may be a customer."""
    return isinstance(value, str) and value.startswith(PERSON_PREFIX)
