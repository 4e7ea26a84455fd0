"""What a canary refuses and what the policy beside it refuses, per client and rule, from the calls that they decided.

A client has one side only, so its calls before the canary began are what its calls since are compared with; all clients
together are compared with those of the other side at the same time.
"""

from collections import Counter
from typing import Final

import msgspec

from ringfence.events.calls import CallDecided
from ringfence.policy.canary import Canary

EVERYBODY: Final = "*"
"""Stands for all clients of a side."""

_RULES: Final = ("rule ", "limit ")
"""How `private` begins where it names what refused the call."""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """How one rule treats one client's calls, or everybody's, on both sides."""

    client: str
    """`*`: all clients."""
    rule: str
    """What refused: `rule NAME`, `limit NAME`, a reason; `shadow NAME` where a rule only would have."""
    old_calls: int
    """Calls that the running policy decided."""
    old_refused: int
    canary_calls: int
    canary_refused: int

    @property
    def worse(self) -> float:
        """By how much the canary refuses a greater part of the calls, from -1 to 1."""
        return _part(self.canary_refused, self.canary_calls) - _part(self.old_refused, self.old_calls)


class Comparison:
    """Takes events in any order."""

    def __init__(self, canary: Canary) -> None:
        """Compare a canary with the policy beside it."""
        self._canary = canary
        self._share = canary.share
        self._calls: Counter[tuple[str, bool]] = Counter()
        self._refused: Counter[tuple[str, str, bool]] = Counter()

    def feed(self, event: CallDecided) -> None:
        """Count one call, if one of the two policies decided it and the client is known."""
        if not event.client:
            return
        ours = event.canary and event.policy == self._canary.name
        before = not event.canary and event.at < self._canary.since
        governed = self._share.takes(event.client)
        if ours:
            self._count(event, (event.client, EVERYBODY), by_canary=True)
        elif governed and before and event.policy == self._canary.running:
            self._count(event, (event.client,), by_canary=False)
        elif not governed and not event.canary and not before:
            self._count(event, (EVERYBODY,), by_canary=False)

    def _count(self, event: CallDecided, clients: tuple[str, ...], *, by_canary: bool) -> None:
        rules = [f"shadow {one.partition('=')[0]}" for one in event.rules]
        if not event.allowed:
            rules.append(event.private if event.private.startswith(_RULES) else event.reason)
        for client in clients:
            self._calls[client, by_canary] += 1
            for rule in rules:
                self._refused[client, rule, by_canary] += 1

    def calls(self, *, by_canary: bool) -> int:
        """Return how many calls of one side were counted, of everybody."""
        return self._calls[EVERYBODY, by_canary]

    def result(self) -> tuple[Compared, ...]:
        """Return what was found: everybody first, then the clients; what the canary makes worse before what it does not."""
        found = [
            Compared(
                client=client,
                rule=rule,
                old_calls=self._calls[client, False],
                old_refused=self._refused[client, rule, False],
                canary_calls=self._calls[client, True],
                canary_refused=self._refused[client, rule, True],
            )
            for client, rule in {(client, rule) for client, rule, _ in self._refused}
        ]
        return tuple(sorted(found, key=lambda one: (one.client != EVERYBODY, -one.worse, one.client, one.rule)))


def _part(some: int, of: int) -> float:
    return some / of if of else 0.0
