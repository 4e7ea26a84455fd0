"""Nothing of what a producer wrote is missing: each event begins where the one before it ended."""

from ringfence.audit.record import Record
from ringfence.events.audit import JournalEnded

ENDED = str(JournalEnded.__struct_config__.tag)


class Missing(Exception):
    """Events of a producer are not in the log. `str()` names it and the place."""


class Producers:
    """How far each producer's journal has come, while the log is walked."""

    def __init__(self) -> None:
        """Know none."""
        self._ends: dict[str, int] = {}
        self._ended: dict[str, int] = {}
        self._unnamed = False

    def take(self, record: Record) -> None:
        """Take the next record.  Raises Missing."""
        producer = record.producer
        if not producer:
            self._unnamed = True  # from before producers were noted: journals of that time begin in their middle
            return
        known = self._ends.get(producer)
        if known is None and record.offset and not self._unnamed:
            raise Missing(f"{producer} begins at byte {record.offset}: what it wrote before is missing")
        if known is not None and record.offset != known:
            raise Missing(f"{producer} goes on at byte {record.offset} instead of {known}: events are missing")
        if producer in self._ended and record.event.get("event") != ENDED:
            raise Missing(f"{producer} goes on after it had ended")
        self._ends[producer] = record.offset + record.length
        if record.event.get("event") == ENDED:
            self._end(str(record.event.get("producer")), record)

    def _end(self, producer: str, record: Record) -> None:
        size = record.event.get("size")
        if not isinstance(size, int):
            raise Missing(f"{producer} ended without its size")
        by_itself = record.producer == producer
        self._ended[producer] = size
        reached = record.offset if by_itself else self._ends.get(producer, 0)
        if reached != size and not (self._unnamed and producer not in self._ends):
            raise Missing(f"{producer} ended at byte {size}, and the log has {reached} bytes of it")

    @property
    def open(self) -> tuple[str, ...]:
        """Producers that have not ended yet: those that run, and those whose rest is still to come."""
        return tuple(name for name in self._ends if name not in self._ended)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._ends)
