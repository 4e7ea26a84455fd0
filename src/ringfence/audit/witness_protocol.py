"""What a log and a witness say to each other.  C2SP tlog-witness."""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from ringfence.audit.note import Note, NoteInvalid, decoded, encoded

PATH: Final = "/add-checkpoint"
SIZE_TYPE: Final = "text/x.tlog.size"
MOST_HASHES: Final = 63
LONGEST: Final = 1 << 17
"""Bytes of a request."""

OK, BAD, FORBIDDEN, UNKNOWN, CONFLICT, UNPROCESSABLE = 200, 400, 403, 404, 409, 422

_OLD: Final = re.compile(r"old (0|[1-9][0-9]{0,18})")


class Submission(msgspec.Struct, frozen=True):
    """A checkpoint with the proof that it grew from the one before."""

    old_size: int
    proof: tuple[bytes, ...]
    note: Note


def write_submission(old_size: int, proof: Sequence[bytes], note: Note) -> bytes:
    """Return the body of a request."""
    return "".join([f"old {old_size}\n", *(f"{encoded(step)}\n" for step in proof), "\n", str(note)]).encode()


def read_submission(body: bytes) -> Submission:
    """Read the body of a request.  Raises NoteInvalid."""
    head, blank, rest = body.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise NoteInvalid("the proof is not ASCII") from None
    old = _OLD.fullmatch(lines[0])
    if not blank or old is None or len(lines) > MOST_HASHES + 1:
        raise NoteInvalid("a submission is an old size, hashes, an empty line, and a checkpoint")
    return Submission(int(old[1]), tuple(decoded(line) for line in lines[1:]), Note.parse(rest))
