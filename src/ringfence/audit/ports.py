"""What the log needs from outside, as protocols."""

from collections.abc import Sequence
from typing import Protocol

from ringfence.audit.note import NoteKey
from ringfence.clock import Instant
from ringfence.events import Event


class CannotSign(Exception):
    """The checkpoint key cannot be used now. `str()` of it is for our log only."""


class CheckpointSigner(Protocol):
    """Holds the keys of checkpoints; they may lie in another process or in a device."""

    @property
    def keys(self) -> tuple[NoteKey, ...]:
        """The public keys; the first is the log's own Ed25519 key."""
        ...

    async def sign(self, key: NoteKey, message: bytes) -> bytes:
        """Return the raw signature by one of `keys`.  Raises CannotSign."""
        ...


class Wrapping(Protocol):
    """Keeps the keys of persons under a key of its own; `keys.sealing.Sealer` is one."""

    def seal(self, secret: bytes, owner: str) -> str:
        """Return the secret in a form that opens for this owner only."""
        ...

    def unseal(self, sealed: str, owner: str) -> bytes:
        """Return the secret.  Raises an exception where it does not open."""
        ...


class WitnessAnswer(Protocol):
    """A witness's HTTP answer."""

    @property
    def status(self) -> int:
        """HTTP status."""
        ...

    @property
    def body(self) -> bytes:
        """The whole body."""
        ...


class Unreachable(Exception):
    """A witness does not answer. `str()` of it is for our log only."""


class WitnessCall(Protocol):
    """The way to a witness."""

    async def __call__(self, url: str, body: bytes) -> WitnessAnswer:
        """POST `body` and return the answer.  Raises Unreachable."""
        ...


class Events(Protocol):
    """Where the log's own events go."""

    def emit(self, event: Event) -> None:
        """Take an event.  Raises store.interface.Unavailable."""
        ...


class Appends(Protocol):
    """The log as the follower sees it; blocking, to be called in a thread."""

    def append(self, events: Sequence[object], now: Instant) -> None:
        """Append events in order, all or none.  Raises store.interface.Unavailable."""
        ...
