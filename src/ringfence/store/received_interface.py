"""What the records offer for security events that others send us: each `jti` counts once.  RFC 8417 §2.2; RFC 8935 §2."""

from typing import Any, Literal, Protocol

from ringfence.clock import Instant
from ringfence.store.received_model import ReceivedSignal, TransmitterState

Taken = Literal["new", "known", "too-many"]


class ReceivedStore(Protocol):
    """The part of `Records` that is about received events.  Every method raises Unavailable."""

    async def take_signal(self, signal: ReceivedSignal, most: int, since: Instant) -> Taken:
        """Keep an event: `new` for exactly one of those who bring it, `known` for the others.

        Args:
            signal: what was received.
            most: events that may act, of this transmitter, since `since`; with more, nothing is kept: `too-many`.
            since: from when on they are counted.
        """
        ...

    async def claim_received(self, now: Instant, again_at: Instant, limit: int) -> list[ReceivedSignal]:
        """Return events whose effects are due, moved to `again_at`: exactly one caller gets each."""
        ...

    async def settle_received(self, received_id: str) -> None:
        """Note that what an event calls for is done."""
        ...

    async def received_from(self, correlation: str) -> str:
        """Return whose event a correlation is of, or `""`."""
        ...

    async def standing_step_ups(self, now: Instant) -> list[ReceivedSignal]:
        """Return the events whose demand for a step-up has not ended."""
        ...

    async def note_transmitter(self, name: str, **values: Any) -> None:
        """Keep something of a transmitter, by the fields of `TransmitterState`."""
        ...

    async def note_failing(self, name: str, now: Instant) -> None:
        """Keep since when a transmitter does not answer, unless that is kept already."""
        ...

    async def count_refusal(self, name: str, why: str, now: Instant) -> None:
        """Count an event that was refused."""
        ...

    async def transmitter_states(self) -> list[TransmitterState]:
        """Return what is known of all who have sent something."""
        ...

    async def claim_poll(self, name: str, poller: str, now: Instant, until: Instant) -> bool:
        """Hold a transmitter for `poller`, or hold it further; False where it is another's."""
        ...
