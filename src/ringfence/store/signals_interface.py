"""What the records offer for streams of security events: nothing is lost until it is acknowledged.  RFC 8936 §2."""

from collections.abc import Sequence
from typing import Protocol

from ringfence.clock import Instant
from ringfence.store.push_model import SignalPush
from ringfence.store.signals_model import PendingSignal, SignalStream


class SignalStore(Protocol):
    """The part of `Records` that is about security events.  Every method raises Unavailable."""

    async def add_signal_stream(self, stream: SignalStream, push: SignalPush | None = None) -> bool:
        """Keep a stream, and how it is pushed; False if its client has one."""
        ...

    async def signal_stream(self, client_id: str) -> SignalStream | None:
        """Return the client's stream, or None."""
        ...

    async def has_signal_streams(self) -> bool:
        """Say whether there is any stream."""
        ...

    async def signal_streams_about(self, user_id: str, now: Instant) -> list[SignalStream]:
        """Return the streams of clients that hold a grant of this customer now."""
        ...

    async def describe_signal_stream(self, stream_id: str, events_requested: Sequence[str], description: str) -> bool:
        """Change what a stream is for; False if it is gone."""
        ...

    async def set_signal_status(self, stream_id: str, status: str, reason: str) -> bool:
        """Change a stream's status; one that is disabled lets go of what it holds. False if it is gone."""
        ...

    async def remove_signal_stream(self, stream_id: str) -> bool:
        """Remove a stream with what it holds; False if it is gone."""
        ...

    async def note_verification(self, stream_id: str, now: Instant, before: Instant) -> bool:
        """Keep that verification is asked for; False if it was asked for at or after `before`."""
        ...

    async def keep_signal(self, signal: PendingSignal, most: int) -> int:
        """Keep an event until it is acknowledged; one of the same `jti` is there already, and stays.

        Returns:
            How many of the stream's oldest were given up so that at most `most` are held.
        """
        ...

    async def pending_signals(self, stream_id: str, limit: int) -> list[PendingSignal]:
        """Return the stream's oldest events that are not acknowledged."""
        ...

    async def acknowledge_signals(self, stream_id: str, jtis: Sequence[str]) -> int:
        """Let go of events of this stream; return how many there were."""
        ...
