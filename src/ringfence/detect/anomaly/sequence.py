"""How surprising one step after another is: bigrams of a client, backed off to everybody's.

`P(b|a) = (n_client(a,b) + K·P_all(b|a)) / (n_client(a) + K)`, and `P_all` backs off to one of `MOST_STEPS` alike.
Counts halve when they reach a bound, so that what was usual a year ago is not usual for good.
"""

import math
from collections import OrderedDict
from typing import Any, Final

K: Final = 20.0
"""Steps of everybody's that weigh as much as the client's own."""
MOST_STEPS: Final = 512
MOST_CLIENTS: Final = 2_000
MOST_TRAILS: Final = 20_000
HALVE_AT: Final = 100_000
ALL: Final = ""
BEGIN: Final = "begin"

Table = dict[str, dict[str, float]]


class Bigrams:
    """What has followed what."""

    def __init__(self) -> None:
        """Know nothing."""
        self._tables: OrderedDict[str, Table] = OrderedDict({ALL: {}})
        self._last: OrderedDict[str, str] = OrderedDict()

    def surprise(self, client: str, trail: str, step: str) -> float:
        """Return -log P of this step after the one before on the trail, and learn it."""
        before = self._last.pop(trail, BEGIN)
        self._last[trail] = step
        if len(self._last) > MOST_TRAILS:
            self._last.popitem(last=False)
        common = self._tables[ALL].get(before)
        everybody = (
            1.0 / MOST_STEPS if common is None else (common.get(step, 0.0) + 1.0 / MOST_STEPS) / (common[ALL] + 1.0)
        )
        chance = everybody
        if client:
            own = self._tables.setdefault(client, {}).get(before)
            self._tables.move_to_end(client)
            if own is not None:
                chance = (own.get(step, 0.0) + K * everybody) / (own[ALL] + K)
            self._learn(client, before, step)
        self._learn(ALL, before, step)
        return -math.log(chance)

    def _learn(self, client: str, before: str, step: str) -> None:
        table = self._tables[client]
        if before not in table and len(table) >= MOST_STEPS:
            return
        row = table.setdefault(before, {ALL: 0.0})
        if step in row or len(row) < MOST_STEPS:
            row[step] = row.get(step, 0.0) + 1.0
            row[ALL] += 1.0
        if row[ALL] > HALVE_AT:
            table[before] = {name: count / 2 for name, count in row.items()}
        while len(self._tables) > MOST_CLIENTS:
            self._tables.move_to_end(ALL)
            self._tables.popitem(last=False)

    def snapshot(self) -> list[Any]:
        """Return the state as plain values."""
        return [list(self._tables.items()), list(self._last.items())]

    def restore(self, saved: list[Any]) -> None:
        """Go on from a snapshot."""
        self._tables, self._last = OrderedDict(saved[0]), OrderedDict(saved[1])
