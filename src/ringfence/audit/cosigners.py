"""Ask witnesses to cosign a checkpoint, each with the proof that it grew from what that witness saw last.  C2SP tlog-witness."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from ringfence.audit.note import Note, NoteInvalid, NoteKey, Signature, check_signature, signature_lines
from ringfence.audit.ports import Unreachable, WitnessAnswer, WitnessCall
from ringfence.audit.proofs import Nodes, consistency
from ringfence.audit.witness_protocol import CONFLICT, OK, PATH, write_submission

LONGEST_SIZE: Final = 20


class WitnessPlace(msgspec.Struct, frozen=True):
    """A witness: its key, and where it is."""

    key: NoteKey
    url: str


class Cosigned(msgspec.Struct, frozen=True):
    """A witness cosigned."""

    witness: WitnessPlace
    signature: Signature


class NotCosigned(msgspec.Struct, frozen=True):
    """A witness did not cosign."""

    witness: WitnessPlace
    why: str
    witness_size: int = -1
    """Where the witness told what it knows."""
    against_us: bool = False
    """It refused what we showed it; otherwise it could not be asked."""


async def collect(
    note: Note, witnesses: Sequence[WitnessPlace], known: Callable[[str], int], nodes: Nodes, call: WitnessCall
) -> list[Cosigned | NotCosigned]:
    """Return what each witness answered; all are asked at once.

    Args:
        note: the signed checkpoint.
        witnesses: whom to ask.
        known: returns the size that a witness, by its name, cosigned last as far as we know.
        nodes: of the checkpoint's tree.
        call: the way to a witness.
    """
    return list(await asyncio.gather(*(_ask(note, one, known(one.key.name), nodes, call) for one in witnesses)))


async def _ask(
    note: Note, witness: WitnessPlace, known: int, nodes: Nodes, call: WitnessCall
) -> Cosigned | NotCosigned:
    size = note.checkpoint.size
    old = min(known, size)
    url = witness.url.rstrip("/") + PATH
    try:
        answer = await call(url, write_submission(old, consistency(nodes, old, size), note))
        told = _told_size(answer)
        if told is not None and told != old and told <= size:  # our memory of it was not the latest
            answer = await call(url, write_submission(told, consistency(nodes, told, size), note))
            told = _told_size(answer)
    except Unreachable as why:
        return NotCosigned(witness, f"not reached: {why}")
    if answer.status != OK:
        text = answer.body.decode("utf-8", "replace").strip()[:200]
        return NotCosigned(witness, f"{answer.status}: {text}", -1 if told is None else told, against_us=True)
    try:
        for signature in signature_lines(answer.body.decode()):
            if (signature.name, signature.key_id) == (witness.key.name, witness.key.key_id):
                check_signature(note.checkpoint, signature, witness.key)
                return Cosigned(witness, signature)
    except (NoteInvalid, UnicodeDecodeError) as why:
        return NotCosigned(witness, f"its answer cannot be used: {why}")
    return NotCosigned(witness, "its answer holds no cosignature by its key")


def _told_size(answer: WitnessAnswer) -> int | None:
    text = answer.body.strip()
    if answer.status == CONFLICT and len(text) <= LONGEST_SIZE and text.isdigit():
        return int(text)
    return None
