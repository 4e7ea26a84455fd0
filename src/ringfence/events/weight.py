"""Which events are worth waiting for the disk before anybody is answered."""

from typing import Final

from ringfence.events import Event
from ringfence.events.actions import PolicyLoaded, RoleExited
from ringfence.events.audit import JournalEnded, WitnessRefused
from ringfence.events.backchannel import NoticeDelivered
from ringfence.events.calls import CallDecided
from ringfence.events.clients import ClientExpiring
from ringfence.events.custody import KeyUsed
from ringfence.events.detection import FeedRefreshed
from ringfence.events.logins import LoginDecided
from ringfence.events.signals import SignalPushed
from ringfence.events.tokens import TokenDecided

LIGHT: Final = (
    CallDecided, LoginDecided, TokenDecided, KeyUsed, RoleExited, PolicyLoaded, JournalEnded, WitnessRefused,
    ClientExpiring, NoticeDelivered, FeedRefreshed,
    SignalPushed,
)  # fmt: skip
"""Kinds that loss of power may take, the last second of them. Calls that move something are waited for by the
gateway itself, as their operation says. Every other kind, and every kind to come, is weighty."""


def is_weighty(event: Event) -> bool:
    """Say whether an event stands for a consent, a key, a grant's end or an administrator's act."""
    return not isinstance(event, LIGHT)
