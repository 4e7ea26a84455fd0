"""What an operator wrote wrongly: where it stands, what is wrong, and what to write instead."""

import difflib
from collections.abc import Iterable

import msgspec


class Mistake(msgspec.Struct, frozen=True, order=True):
    """One mistake in the policy file or in a document that it names.

    `line` and `column` count from 1; 0 means that the mistake is about the file as a whole.
    """

    file: str
    line: int
    column: int
    message: str
    instead: str = ""

    def __str__(self) -> str:
        """Return `file:line:column: message`, with what to write instead on a second line."""
        where = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{where}: {self.message}" + (f"\n    instead: {self.instead}" if self.instead else "")


class PolicyMistakes(Exception):
    """The policy cannot be used. Carries every mistake that was found, in the order of the file."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        """Keep the mistakes, sorted and each once."""
        self.mistakes = tuple(sorted(set(mistakes)))
        super().__init__("\n".join(str(m) for m in self.mistakes))


def nearest(written: str, known: Iterable[str]) -> str:
    """Return the known name that was probably meant, or `""`."""
    close = difflib.get_close_matches(written, list(known), n=1, cutoff=0.6)
    return close[0] if close else ""


def choose(written: str, known: Iterable[str]) -> str:
    """Return what to write in place of an unknown name: the nearest one, or the list of all."""
    names = list(known)
    close = nearest(written, names)
    if close:
        return f"write `{close}`"
    if len(names) == 1:
        return f"write `{names[0]}`"
    shown = ", ".join(f"`{n}`" for n in names[:12])
    return f"write one of {shown}{' …' if len(names) > 12 else ''}" if names else ""  # noqa: PLR2004 - what fits a line
