"""Which feeds name a user agent: all their patterns as a few RE2 automata, answers remembered.  RFC 9110 §10.1.5."""

from collections.abc import Iterable
from typing import Any, Final

import re2

LONGEST_AGENT: Final = 512
"""Characters of a user agent that are read."""
MOST_REMEMBERED: Final = 4096
PATTERNS_EACH: Final = 250
"""Patterns in one automaton: fewer keep its states within its memory."""
MEMORY: Final = 16 << 20


class BadPattern(ValueError):
    """RE2 does not take a pattern; the message says which."""


class Agents:
    """Compiled patterns."""

    def __init__(self, patterns: Iterable[tuple[str, str]] = ()) -> None:
        """Compile patterns, each with its feed.  Raises BadPattern."""
        ordered = list(patterns)
        self._parts = [_Part(ordered[at : at + PATTERNS_EACH]) for at in range(0, len(ordered), PATTERNS_EACH)]
        self._remembered: dict[str, tuple[str, ...]] = {}

    def of(self, agent: str) -> tuple[str, ...]:
        """Return the feeds that name this user agent."""
        if not self._parts or not agent:
            return ()
        text = agent[:LONGEST_AGENT]
        known = self._remembered.get(text)
        if known is None:
            if len(self._remembered) >= MOST_REMEMBERED:
                self._remembered.clear()
            known = tuple(sorted({feed for part in self._parts for feed in part.feeds_of(text)}))
            self._remembered[text] = known
        return known


class _Part:
    def __init__(self, patterns: list[tuple[str, str]]) -> None:
        options = re2.Options()
        options.log_errors = False
        options.case_sensitive = False
        options.never_capture = True
        options.max_mem = MEMORY
        self._feeds = [feed for _, feed in patterns]
        self._set: Any = re2.Set.SearchSet(options)
        for pattern, feed in patterns:
            try:
                self._set.Add(pattern.encode())
            except re2.error:
                raise BadPattern(f"{feed}: RE2 does not take {pattern[:80]!r}") from None
        self._set.Compile()

    def feeds_of(self, text: str) -> set[str]:
        return {self._feeds[hit] for hit in self._set.Match(text.encode("utf-8", "replace")) or ()}
