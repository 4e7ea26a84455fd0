"""Put on record how often the keys of fields are used: told in batches.  PCI DSS §3.7.4."""

from collections.abc import Callable

from ringfence.clock import Instant
from ringfence.events import Event
from ringfence.events.custody import KeyUsed


class Uses:
    """Uses by one worker since they were last told."""

    def __init__(self) -> None:
        """Begin with none."""
        self._counts: dict[tuple[str, str], list[float]] = {}

    def note(self, data_key: str, operation: str, now: Instant) -> None:
        """Count one use."""
        count = self._counts.get((data_key, operation))
        if count is None:
            self._counts[data_key, operation] = [1, now, now]
        else:
            count[0] += 1
            count[2] = now

    def tell(self, emit: Callable[[Event], None], now: Instant) -> None:
        """Emit an event for each key and operation.  Raises store.interface.Unavailable; what is untold is kept."""
        for data_key, operation in list(self._counts):
            count, first, last = self._counts[data_key, operation]
            used = KeyUsed(
                at=now,
                key=data_key,
                kid=data_key,
                purpose="field",
                role="gateway",
                operation=operation,
                count=int(count),
                first_at=Instant(first),
                last_at=Instant(last),
            )
            emit(used)
            del self._counts[data_key, operation]
