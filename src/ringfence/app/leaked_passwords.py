"""Look a password up in a local list of those that have leaked; nothing of it leaves the machine.  NIST SP 800-63B-4 §3.1.1.2.

Two forms, both as the Have I Been Pwned downloader writes them: one file of `SHA1:count` lines in order, or a
directory of files named by the hash's first five digits, each with the other 35 (the k-anonymity ranges).
"""

import hashlib
import os
from pathlib import Path
from typing import Final

from ringfence.store.interface import Unavailable

PREFIX: Final = 5
"""Digits of the hash in a range file's name."""

DIGITS: Final = 40
"""Of a SHA-1 in hex."""

BLOCK: Final = 4096
"""A binary search ends by reading about this much in one piece."""


def times_leaked(password: str, where: Path | None) -> int:
    """Return how often the list at `where` has seen a password; 0 for one that it does not know, or without a list.

    Raises:
        Unavailable: the list cannot be read, or is no such list.
    """
    if where is None:
        return 0
    wanted = hashlib.sha1(password.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest().upper()
    try:
        return _in_ranges(wanted, where) if where.is_dir() else _in_file(wanted.encode("ascii"), where)
    except (OSError, ValueError) as error:
        raise Unavailable(f"list of leaked passwords: {error}") from error


def _in_ranges(wanted: str, where: Path) -> int:
    names = (wanted[:PREFIX], f"{wanted[:PREFIX]}.txt")
    file = next((where / name for name in names if (where / name).is_file()), None)
    if file is None:
        raise ValueError(f"{where} has no file {wanted[:PREFIX]}.txt: a whole list has one for each prefix")
    return next((_count(line, DIGITS - PREFIX) for line in _lines(file.read_bytes(), wanted[PREFIX:].encode())), 0)


def _in_file(wanted: bytes, where: Path) -> int:
    """Search a file in order by halving; a line may be of any length."""
    with where.open("rb") as file:
        low, high = 0, file.seek(0, os.SEEK_END)
        while high - low > BLOCK:
            middle = (low + high) // 2
            file.seek(middle)
            file.readline()  # the rest of a line whose beginning was missed
            here = file.tell()
            line = file.readline()
            if here >= high or line[:DIGITS].upper() > wanted:
                high = middle
            else:
                low = here
            if line and len(line.split(b":")[0].strip()) != DIGITS:
                raise ValueError(f"{where} is no list of SHA-1 hashes")
        file.seek(low)
        block = file.read(high - low + BLOCK)
    return next((_count(line, DIGITS) for line in _lines(block, wanted)), 0)


def _lines(data: bytes, wanted: bytes) -> list[bytes]:
    return [line for line in data.splitlines() if line[: len(wanted)].upper() == wanted]


def _count(line: bytes, digits: int) -> int:
    """Return the number behind the hash, 1 where a list has none."""
    number = line[digits:].lstrip(b":").strip()
    return int(number) if number else 1
