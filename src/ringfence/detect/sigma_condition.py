"""The condition of a Sigma rule as alternatives, each of selections that must or must not fit.  Sigma Rules Specification 2.1."""

import fnmatch
import re
from collections.abc import Iterable
from typing import Final

import msgspec

MOST_ALTERNATIVES: Final = 50
MOST_TOKENS: Final = 200
_TOKEN: Final = re.compile(r"\s*(\(|\)|[A-Za-z0-9_*][A-Za-z0-9_*-]*)")


class NotExpressible(ValueError):
    """A Sigma rule says something that ours cannot; the message says what."""


class Term(msgspec.Struct, frozen=True):
    """A selection by name, or that it does not fit."""

    name: str
    negated: bool = False


Alternatives = tuple[tuple[Term, ...], ...]
"""Any of them; of each, all terms."""


def alternatives(condition: str, names: Iterable[str]) -> Alternatives:
    """Return what a condition says.  Raises NotExpressible."""
    tokens = _tokens(condition)
    reader = _Reader(tokens, tuple(names))
    found = reader.either()
    if reader.at < len(tokens):
        raise NotExpressible(f"the condition cannot be read from `{tokens[reader.at]}` on")
    return found


def _tokens(condition: str) -> list[str]:
    if "|" in condition:
        raise NotExpressible("a condition with `|` (an aggregation of Sigma 1) is written as a correlation in Sigma 2")
    tokens: list[str] = []
    at = 0
    text = condition.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or len(tokens) >= MOST_TOKENS:
            raise NotExpressible(f"the condition cannot be read from `{text[at : at + 20]}` on")
        tokens.append(match[1])
        at = match.end()
    return tokens


class _Reader:
    def __init__(self, tokens: list[str], names: tuple[str, ...]) -> None:
        self.tokens, self.names, self.at = tokens, names, 0

    def peek(self) -> str:
        return self.tokens[self.at].lower() if self.at < len(self.tokens) else ""

    def take(self) -> str:
        if self.at >= len(self.tokens):
            raise NotExpressible("the condition ends too early")
        self.at += 1
        return self.tokens[self.at - 1]

    def either(self) -> Alternatives:
        found = self.both()
        while self.peek() == "or":
            self.take()
            found = _bounded(found + self.both())
        return found

    def both(self) -> Alternatives:
        found = self.one()
        while self.peek() == "and":
            self.take()
            found = _and(found, self.one())
        return found

    def one(self) -> Alternatives:
        token = self.take()
        if token.lower() == "not":
            return _negated(self.one())
        if token == "(":  # noqa: S105 - a bracket
            found = self.either()
            if self.take() != ")":
                raise NotExpressible("a bracket of the condition is not closed")
            return found
        if token.lower() in {"1", "any", "all"} and self.peek() == "of":
            self.take()
            named = self._matching(self.take())
            if token.lower() == "all":
                return (tuple(Term(name) for name in named),)
            return tuple((Term(name),) for name in named)
        if token not in self.names:
            raise NotExpressible(f"the condition names `{token}`, which is no selection")
        return ((Term(token),),)

    def _matching(self, pattern: str) -> tuple[str, ...]:
        wanted = "*" if pattern.lower() == "them" else pattern
        found = tuple(name for name in self.names if fnmatch.fnmatchcase(name, wanted))
        if not found:
            raise NotExpressible(f"the condition names `{pattern}`, which fits no selection")
        return found


def _bounded(found: Alternatives) -> Alternatives:
    if len(found) > MOST_ALTERNATIVES:
        raise NotExpressible(f"the condition has more than {MOST_ALTERNATIVES} alternatives")
    return found


def _and(left: Alternatives, right: Alternatives) -> Alternatives:
    _bounded(left * len(right))
    return tuple(tuple(dict.fromkeys(a + b)) for a in left for b in right)


def _negated(found: Alternatives) -> Alternatives:
    """Turn any-of-all into all-of-any, negated (De Morgan)."""
    whole: Alternatives = ((),)
    for alternative in found:
        whole = _and(whole, tuple((Term(term.name, not term.negated),) for term in alternative))
    return whole
