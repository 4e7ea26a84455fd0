"""What the management API needs from outside, as protocols and the frozen bundle that carries them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import msgspec

from ringfence.admin.measures import Measures, States, unknown_states
from ringfence.admin.refused_calls import RefusedCalls
from ringfence.clock import Clock, Instant
from ringfence.custody.wire import Done
from ringfence.detect.compiled import CompiledRule
from ringfence.events import Event
from ringfence.ids import Random
from ringfence.intel.status import Status
from ringfence.intel.table import UNLISTED, Listing
from ringfence.policy.operations import Operation
from ringfence.store.case_interface import CaseRecords
from ringfence.store.cursors import Cursor
from ringfence.store.interface import EventStream, FastState, Records
from ringfence.store.risk import NoRiskRows, RiskRows
from ringfence.store.watch_interface import WatchRecords


class Events(Protocol):
    """Where events go."""

    def emit(self, event: Event) -> None:
        """Take an event.  Raises store.interface.Unavailable."""
        ...

    def ready(self) -> None:
        """Return if an event could be taken now.  Raises store.interface.Unavailable."""
        ...


class KeyKeeper(Protocol):
    """The way to the signer."""

    async def manage(self, action: str, key: str = "", by: str = "", why: str = "", data: bytes = b"") -> Done:
        """Have something done with keys.  Raises store.interface.Unavailable; custody.wire.SignerRefused."""
        ...


class KnownFeeds(Protocol):
    """Threat intelligence as the role that takes it leaves it; every method reads files, so it is called in a thread."""

    def status(self) -> Status:
        """Return how each feed is.  Raises store.interface.Unavailable."""
        ...

    def of(self, address: str, now: Instant) -> Listing:
        """Return what is said of an address.  Raises store.interface.Unavailable."""
        ...

    def ask(self) -> None:
        """Ask for every feed anew.  Raises store.interface.Unavailable."""
        ...


class NoKnownFeeds:
    """Where no feeds are."""

    def status(self) -> Status:
        """Return that there are none."""
        return Status()

    def of(self, address: str, now: Instant) -> Listing:
        """Return that nothing is said."""
        del address, now
        return UNLISTED

    def ask(self) -> None:
        """Do nothing."""


class AdminPorts(msgspec.Struct, frozen=True):
    """Everything that the management API needs."""

    records: Records
    fast: FastState
    events: Events
    stream: EventStream
    """The events of all roles, to read."""
    watch: WatchRecords
    """Alerts and blocks."""
    cases: CaseRecords
    """What analysts make of alerts."""
    hash_password: Callable[[str], str]
    """Returns a password's Argon2id hash; takes its time, so it is called in a thread."""
    times_leaked: Callable[[str], int]
    """Returns how often a password is in the policy's list of leaked ones; reads files, so it is called in a thread."""
    clock: Clock
    random: Random
    actor: str
    """Who calls, `uid:<n>`: see `admin.api`."""
    cursor_of: Callable[[str], Cursor | None] = lambda _sink: None
    """Returns how far a sink for events has got; reads a file, so it is called in a thread.  Raises Unavailable."""
    feeds: KnownFeeds = NoKnownFeeds()
    rules: Callable[[], Sequence[CompiledRule]] = tuple
    """Returns the rules in force; reads files, so it is called in a thread.  Raises PolicyMistakes."""
    measures: Measures = msgspec.field(default_factory=Measures)
    """What has been counted."""
    states: Callable[[], Awaitable[States]] = unknown_states
    """Tells what is so at the moment."""
    published_kids: Callable[[], tuple[str, ...]] = tuple
    """Returns the ids of the keys that tokens are signed with, as published."""
    keys: KeyKeeper | None = None
    """Where the keys are managed."""
    shred: Callable[[str], Awaitable[str | None]] | None = None
    """Destroys the key that a person's part of the audit log is kept under; returns its id, None where there is none.
    None: there is no audit log."""
    operations: tuple[Operation, ...] = ()
    """What partners can call."""
    risks: RiskRows = NoRiskRows()
    """What the watch has against whom."""
    refused: RefusedCalls = msgspec.field(default_factory=RefusedCalls)
    """Puts calls on record that were refused."""
    changes: asyncio.Lock = msgspec.field(default_factory=asyncio.Lock)
    """Held during a change. What it has looked at (a name that is free, a client that is not revoked) is so still
    when it acts; only this process changes clients and users."""
