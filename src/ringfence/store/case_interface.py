"""What analysts keep: cases with their alerts and notes, and silences."""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from ringfence.clock import Instant


class Note(msgspec.Struct, frozen=True):
    """One line of a case's story."""

    at: Instant
    by: str
    text: str


class Case(msgspec.Struct, frozen=True):
    """Alerts that belong together, and what came of looking at them."""

    case_id: str
    title: str
    opened_at: Instant
    opened_by: str
    disposition: str = ""
    """`attack`, `benign` or `duplicate`; empty while it is open."""
    closed_at: Instant | None = None
    merged_into: str = ""
    """The case that took its alerts; empty where none did."""
    alerts: tuple[str, ...] = ()
    """Ids, in the order in which they were added."""
    notes: tuple[Note, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether anything can still be added."""
        return not self.disposition and not self.merged_into


class Silence(msgspec.Struct, frozen=True):
    """Alerts of a rule about some group that nobody is told of for a while; they are raised, kept and answered all the same."""

    silence_id: str
    rule: str
    group: dict[str, str]
    """Group fields that must have these values; those that are not named may have any."""
    until: Instant
    why: str
    by: str
    at: Instant

    def covers(self, rule: str, group: dict[str, str]) -> bool:
        """Say whether an alert of that rule about that group falls under it."""
        return rule == self.rule and all(group.get(name) == value for name, value in self.group.items())


class CaseRecords(Protocol):
    """The records of analysts. Every method raises store.interface.Unavailable."""

    async def open_case(self, case: Case) -> None:
        """Keep a new case with its alerts."""
        ...

    async def open_or_add(self, key: str, case: Case, most: int) -> tuple[str, Literal["opened", "added", "there"]]:
        """Add the alerts of `case` to the open case that stands for `key`; only where there is none, open `case` for it.

        Of any number at once, one opens. An open case that has the first alert already stands for the key from then
        on, as does the one that a case was merged into; one that would have more than `most` alerts does no longer.
        Returns the id of the case, and what became of it: `there` where it had the alerts.
        """
        ...

    async def case(self, case_id: str) -> Case | None:
        """Return a case, or None."""
        ...

    async def cases(self, only_open: bool, limit: int) -> list[Case]:
        """Return cases, newest first, without their notes."""
        ...

    async def cases_of(self, alert_id: str) -> list[str]:
        """Return the open cases that an alert is in."""
        ...

    async def add_alerts(self, case_id: str, alerts: Sequence[str]) -> bool:
        """Add alerts, each once; False unless the case is open."""
        ...

    async def add_note(self, case_id: str, note: Note) -> bool:
        """Add a note; False if there is no such case."""
        ...

    async def merge(self, case_id: str, into: str, note: Note) -> bool:
        """Move one open case's alerts to another open case, both or nothing; False unless both are open and two."""
        ...

    async def close_case(self, case_id: str, disposition: str, note: Note) -> bool:
        """Close an open case; False unless it is open: of several at once, one closes it."""
        ...

    async def add_silence(self, silence: Silence) -> None:
        """Keep a silence."""
        ...

    async def silences(self, now: Instant) -> list[Silence]:
        """Return the silences that hold, by when they end."""
        ...

    async def end_silence(self, silence_id: str) -> Silence | None:
        """Forget a silence and return it; None if there is none."""
        ...

    async def close(self) -> None:
        """Let go of the file."""
        ...
