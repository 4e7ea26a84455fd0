"""Where in a text of Cedar something stands: its policies, its words, and the place at which it stops to be Cedar.

The engine tells what is wrong and not where. Its parser reads from the left: a beginning of the text, ended by force,
has the same mistake if it has the place, and another one if it has not.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

_TOKEN: Final = re.compile(
    r'(?://[^\n]*|\s+)|(?P<token>"(?:[^"\\]|\\.)*"|[A-Za-z_]\w*|[0-9]+|::|==|!=|<=|>=|&&|\|\||.)', re.ASCII | re.DOTALL
)
_QUOTED: Final = re.compile(r"`((?:[^`])+)`")
_AT_END: Final = re.compile(r": (\w+)$", re.ASCII)
_CUT_SHORT: Final = "unexpected end of input"
_BY_TOKEN: Final = ("unexpected token", "invalid token")
_ENDED: Final = (_CUT_SHORT, "unexpected token `;`")


class Statement(msgspec.Struct, frozen=True):
    """One policy of a file."""

    text: str
    """From its first token to its semicolon."""
    begins: int
    """Its first character in the file."""


def statements(text: str) -> tuple[Statement, ...]:
    """Return the policies of a file; the last may be unfinished."""
    found, begins, end = [], -1, 0
    for word, at in _tokens(text):
        begins = at if begins < 0 else begins
        end = at + len(word)
        if word == ";":
            found.append(Statement(text[begins:end], begins))
            begins = -1
    if begins >= 0:
        found.append(Statement(text[begins:end], begins))
    return tuple(found)


def words(text: str) -> frozenset[str]:
    """Return all names and whole texts in it, without their quotes."""
    return frozenset(word.strip('"') for word, _ in _tokens(text))


def broken_at(text: str, why: str, complaint: Callable[[str], str]) -> int:
    """Return the character at which a text stops to be Cedar.

    Args:
        text: one policy.
        why: what the engine says of it.
        complaint: returns what the engine says of a text; `""`: it is Cedar.
    """
    if not why.startswith((*_BY_TOKEN, _CUT_SHORT)):
        return named_at(text, why)
    found = list(_tokens(text))

    def stands_in(count: int) -> bool:
        word, at = found[count - 1]
        return complaint(f"{text[: at + len(word)]};") == why

    if why in _ENDED:
        return found[-1][1]
    first = bisect_left(range(1, len(found) + 1), 1, key=stands_in)
    return found[min(first, len(found) - 1)][1]


def named_at(text: str, message: str) -> int:
    """Return where a text has what a message names in it, or 0."""
    names = [*_QUOTED.findall(message), *_AT_END.findall(message)]
    found = (re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) for name in names)
    return next((one.start() for one in found if one), 0)


def line_and_column(text: str, at: int) -> tuple[int, int]:
    """Return where a character stands, both counted from 1."""
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    for found in _TOKEN.finditer(text):
        if found["token"] is not None:
            yield found["token"], found.start()
