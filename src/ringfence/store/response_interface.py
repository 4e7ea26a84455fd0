"""What was done about alerts, so that a person can see it, let it go ahead or take it back."""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import msgspec

from ringfence.clock import Instant, Seconds

COUNTED_WITHIN: Final[Seconds] = 3600.0
"""How long a response counts against the bound."""

ENDING: Final = frozenset({"step-up", "throttle", "block"})
"""Kinds that end by themselves."""

ABOUT: Final[Mapping[str, tuple[str, ...]]] = {
    "step-up": ("user", "client", "grant", "network"),
    "throttle": ("user", "client", "grant", "network"),
    "block": ("user", "client", "network"),
    "revoke": ("grant",),
    "end-logins": ("user",),
    "suspend": ("client",),
    "open-case": ("user", "client", "grant", "network"),
    "notify": ("channel",),
}
"""Every kind, and to whom it can be done."""


class KeptResponse(msgspec.Struct, frozen=True):
    """One response as it is kept."""

    response_id: str
    kind: str
    of: str
    value: str
    state: str
    """`pending` until it has been carried out, then `done`; `held` for a person; `dry-run`; `refused`; `undone`."""
    at: Instant
    until: Instant
    """When it ends by itself; 0: not by itself."""
    why: str
    by: str
    factor: float = 1.0
    """Of a throttle."""
    rule: str = ""
    alert: str = ""
    playbook: str = ""
    changed_by: str = ""
    """Who let it go ahead or took it back."""


class ResponseRecords(Protocol):
    """The records of responses. Every method raises store.interface.Unavailable."""

    async def add_response(self, response: KeptResponse, most: int, most_of_rule: int) -> tuple[KeptResponse, bool]:
        """Keep a response once; return it as it is kept, and whether it is new: an earlier one of the same id stays.

        One that is `pending` becomes `held` where `most` of its kind, or `most_of_rule` of its kind and rule, were
        taken within `COUNTED_WITHIN` before it: counted and kept in one transaction.
        """
        ...

    async def response(self, response_id: str) -> KeptResponse | None:
        """Return one response, or None."""
        ...

    async def responses(self, limit: int) -> list[KeptResponse]:
        """Return responses, newest first."""
        ...

    async def standing_responses(self, now: Instant) -> list[KeptResponse]:
        """Return what was done and has not ended."""
        ...

    async def move_response(
        self, response_id: str, before: Sequence[str], after: str, by: str, until: Instant | None = None
    ) -> bool:
        """Move a response to another state: exactly one caller does, and none unless it is in one of `before`.

        With `until` it also ends then.
        """
        ...
