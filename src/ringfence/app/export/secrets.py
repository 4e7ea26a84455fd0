"""Secrets of one line in files: read each time anew, since one may be replaced at any time."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

LONGEST_SECRET: Final = 4096


def one_line_secret(file: Path | None) -> Callable[[], str]:
    """Return what reads a secret from its file; the empty text where there is no file.

    What is returned raises OSError, or ValueError where the file holds something else.
    """

    def read() -> str:
        text = file.read_text("ascii").strip() if file is not None else ""
        if file is not None and not (text and len(text) <= LONGEST_SECRET and all("!" <= c <= "~" for c in text)):
            raise ValueError(f"{file} does not hold one line of printable characters")
        return text

    return read
