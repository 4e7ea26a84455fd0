"""Everything that happened, as frozen, versioned structs; features meet here and nowhere else."""

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

Event = (
    CallDecided
    | LoginDecided
    | ConsentDecided
    | ConsentMoved
    | ClientManaged
    | ClientExpiring
    | SessionEnded
    | BackchannelAsked
    | NoticeDelivered
    | AuthenticatorEnrolled
    | PasskeyChanged
    | PasskeyRegressed
    | RecoveryCodesRenewed
    | TokenDecided
    | GrantRevoked
    | AlertRaised
    | AlertDisposed
    | BlockChanged
    | ResponseChanged
    | NotificationAsked
    | CaseChanged
    | SilenceChanged
    | FeedRefreshed
    | RiskCleared
    | BaselineLoaded
    | AdminActed
    | PolicyLoaded
    | RoleExited
    | KeyUsed
    | KeyChanged
    | KeyRefused
    | KeyApproved
    | DataShredded
    | FieldsRevealed
    | JournalEnded
    | WitnessRefused
    | ReceiptKeyMade
    | SignalPushed
    | SignalReceived
)

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def encode(event: Event) -> bytes:
    """Return the event as one JSON object; its kind and version stand in the member `event`."""
    return _encoder.encode(event)


def decode(data: bytes) -> Event:
    """Return the event that `encode` wrote.  Raises msgspec.ValidationError on anything else."""
    return _decoder.decode(data)
