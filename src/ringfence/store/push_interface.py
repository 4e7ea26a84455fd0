"""What the records offer for pushing security events: one pusher at a time for each stream.  RFC 8935 §2, §4."""

from typing import Protocol

from ringfence.clock import Instant
from ringfence.store.push_model import SignalPush, StreamState


class PushStore(Protocol):
    """The part of `Records` that is about pushing events.  Every method raises Unavailable."""

    async def signal_push(self, stream_id: str) -> SignalPush | None:
        """Return how a stream is pushed; None: its client polls."""
        ...

    async def set_signal_push(self, stream_id: str, push: SignalPush | None) -> None:
        """Push the stream from now on, or let its client poll; whoever is at it stops before the next event."""
        ...

    async def claim_pushes(self, pusher: str, now: Instant, until: Instant, limit: int) -> list[SignalPush]:
        """Return streams with events to push, held for `pusher`: exactly one caller gets each."""
        ...

    async def hold_push(self, stream_id: str, pusher: str, now: Instant, until: Instant) -> bool:
        """Hold a stream further; False where it is another's by now, or not to be pushed."""
        ...

    async def release_push(self, stream_id: str, pusher: str) -> None:
        """Let others have the stream."""
        ...

    async def push_taken(self, stream_id: str, jti: str, now: Instant) -> None:
        """Let go of an event that the receiver has taken."""
        ...

    async def push_refused(self, stream_id: str, jti: str, why: str) -> None:
        """Let go of an event that the receiver will not have."""
        ...

    async def put_off_push(self, push: SignalPush, why: str, refusals: int, now: Instant, due_at: Instant) -> None:
        """Note a failure, try again then, and let others have the stream.

        Args:
            push: as it was claimed.
            why: for operators.
            refusals: how often the next event has been refused for what it is.
            now: the present.
            due_at: when to try again.
        """
        ...

    async def pass_over(self, stream_id: str, user_id: str, *, over: bool) -> None:
        """Leave a customer out of a stream from now on, or have them in it again."""
        ...

    async def is_passed_over(self, stream_id: str, user_id: str) -> bool:
        """Say whether a stream leaves a customer out."""
        ...

    async def signal_states(self) -> list[StreamState]:
        """Return every stream by its client, with what waits in it."""
        ...
