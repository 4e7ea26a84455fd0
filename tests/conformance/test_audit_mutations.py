"""A thousand ways to change the log afterwards, by outsiders and by those who hold its key: `verify` finds every one.

What the auditor brings is the log's key, the witness's key, and the last checkpoint that the witness cosigned.
"""

import json
import random
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "audit"))

from logs import ORIGIN, Keys, Running, call

from ringfence.audit.canonical import canonical
from ringfence.audit.log import (
    CHECKPOINT,
    HISTORY,
    root_of,
)
from ringfence.audit.merkle import leaf_hash
from ringfence.audit.note import Checkpoint, Note
from ringfence.audit.record import SALT_BYTES
from ringfence.audit.tiles import Edge, TileWriter, entries
from ringfence.audit.verify import SKEW, Trust, Wrong, verify
from ringfence.clock import Instant
from ringfence.events.audit import JournalEnded

EACH = 80
WITNESSED = 280
SIZE = 320
QUIET = 600
"""Seconds in which nothing happened before the witness saw the log."""

ENDED = "admin-00000001-z.journal"
"""A journal that was begun and ended since, as the process says that removed it."""


class Original:
    """A log of 320 entries, of which a witness has cosigned the first 280 and nobody the rest: of three producers."""

    def __init__(self, directory: Path) -> None:
        self.running = Running(directory)
        self.running.grow([call(n) for n in range(150)])
        self.running.promise(witnessed=True)
        self.running.grow([call(n) for n in range(150, 180)], "oauth-00000001-y.journal")
        self.running.grow([call(n) for n in range(10_000, 10_100)])
        self.running.now += QUIET
        self.seen_at = self.running.now
        self.seen = self.running.promise(witnessed=True)
        self.running.now += 3600
        self.running.grow([call(n) for n in range(400_000, 400_015)], "oauth-00000001-y.journal")
        self.running.grow([call(n) for n in range(400_015, 400_020)], ENDED)
        self.running.grow([call(n) for n in range(400_020, 400_039)])
        self.running.grow([JournalEnded(Instant(self.running.now), ENDED, self.running.offsets[ENDED])])
        self.last = self.running.promise()
        self.running.close()
        self.directory = directory
        self.entries = list(entries(directory, SIZE))
        self.trust = Trust((self.running.signer.key,), (self.running.witness.key,), 1, (self.seen,))

    def rebuilt(self, directory: Path, what: list[bytes], signer: Keys | None, note: Note | None = None) -> None:
        """Write a log of other entries whose tiles fit together, with a checkpoint signed by `signer`, or an old one."""
        shutil.rmtree(directory / "tile")
        edge = Edge([[]], [])
        writer = TileWriter(directory, 0, edge)
        for data in what:
            writer.add(data, leaf_hash(data))
        writer.finish()
        if signer is not None:
            checkpoint = Checkpoint(ORIGIN, len(what), root_of(edge))
            note = Note(checkpoint, (signer.signature(checkpoint),))
        assert note is not None
        (directory / CHECKPOINT).write_text(str(note))

    def places(self, producer: str) -> list[int]:
        """Return where entries of a producer stand that no witness has seen."""
        return [n for n in range(WITNESSED, SIZE) if self.record(n)["producer"] == producer]

    def record(self, place: int) -> dict:
        return msgspec.json.decode(self.entries[place][SALT_BYTES:])

    def edited(self, place: int, change: Callable[[dict], None]) -> bytes:
        """Return an entry with another record, in canonical form."""
        data = self.entries[place]
        record = msgspec.json.decode(data[SALT_BYTES:])
        change(record)
        return data[:SALT_BYTES] + canonical(record)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Original:
    return Original(tmp_path_factory.mktemp("audit") / "log")


def files(directory: Path, pattern: str) -> list[Path]:
    found = sorted(path for path in directory.rglob(pattern) if path.is_file())
    # Only what a verification of the present size reads: partial tiles of earlier sizes are left over.
    wanted = {"entries/000", "entries/001.p/64", "0/000", "0/001.p/64", "1/000.p/1"}
    return [p for p in found if any(str(p).endswith(f"tile/{w}") for w in wanted)]


def bit_flip_in_tiles(log: Original, at: Path, dice: random.Random) -> None:
    path = dice.choice(files(at / "tile", "*"))
    data = bytearray(path.read_bytes())
    data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    path.write_bytes(data)


def bit_flip_in_the_checkpoint(log: Original, at: Path, dice: random.Random) -> None:
    path = at / CHECKPOINT
    data = bytearray(path.read_bytes())
    data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    path.write_bytes(data)


def in_the_history(at: Path, number: int, change: Callable[[bytearray], None]) -> None:
    """Write a line of the history anew with another note, whatever bytes it has then."""
    path = at / HISTORY
    lines = path.read_bytes().split(b"\n")[:-1]
    note = bytearray(msgspec.json.decode(lines[number])["note"].encode())
    change(note)
    kept = {"note": note.decode("utf-8", "surrogateescape"), "published_at": 1.0}
    lines[number] = json.dumps(kept, ensure_ascii=False).encode("utf-8", "surrogateescape")
    path.write_bytes(b"\n".join(lines) + b"\n")


def bit_flip_in_the_history(log: Original, at: Path, dice: random.Random) -> None:
    def flip(note: bytearray) -> None:
        signed = note.index(b"\n\n") + 2 + len("— ".encode()) + len(ORIGIN) + 1 + 80
        note[dice.randrange(signed)] ^= 1 << dice.randrange(8)

    in_the_history(at, dice.randrange(3), flip)


def edit(log: Original, at: Path, dice: random.Random) -> None:
    place = dice.randrange(SIZE)
    changed = log.edited(place, lambda record: record["event"].update(client="client_x"))
    log.rebuilt(at, [*log.entries[:place], changed, *log.entries[place + 1 :]], None, log.last)


def delete(log: Original, at: Path, dice: random.Random) -> None:
    place = dice.randrange(SIZE - 1)
    log.rebuilt(at, [*log.entries[:place], *log.entries[place + 1 :], log.entries[-1]], None, log.last)


def reorder(log: Original, at: Path, dice: random.Random) -> None:
    one, other = dice.sample(range(SIZE), 2)
    changed = list(log.entries)
    changed[one], changed[other] = changed[other], changed[one]
    log.rebuilt(at, changed, None, log.last)


def truncate(log: Original, at: Path, dice: random.Random) -> None:
    """By whoever holds the log's key: the tail is gone, and everything fits together."""
    size = dice.randrange(WITNESSED)
    log.rebuilt(at, log.entries[:size], log.running.signer)
    (at / HISTORY).write_bytes(b"")


def fork(log: Original, at: Path, dice: random.Random) -> None:
    """By whoever holds the log's key: another history, as long or longer, signed."""
    place = dice.randrange(WITNESSED)
    changed = log.edited(place, lambda record: record["event"].update(status=dice.randrange(201, 299)))
    log.rebuilt(at, [*log.entries[:place], changed, *log.entries[place + 1 :]], log.running.signer)
    (at / HISTORY).write_bytes(b"")


def re_sign_with_another_key(log: Original, at: Path, dice: random.Random) -> None:
    place = dice.randrange(SIZE)
    changed = log.edited(place, lambda record: record["event"].update(allowed=False))
    log.rebuilt(at, [*log.entries[:place], changed, *log.entries[place + 1 :]], Keys(ORIGIN))
    (at / HISTORY).write_bytes(b"")


def back_date(log: Original, at: Path, dice: random.Random) -> None:
    """By whoever holds the log's key: what no witness has seen is written anew, as if it had been there before that."""
    last = log.record(WITNESSED - 1)["logged_at"]
    then = dice.uniform(last + 1, log.seen_at - SKEW - 2)

    def change(record: dict) -> None:
        record["logged_at"] = then
        record["event"]["at"] = then

    changed = [log.edited(n, change) if n >= WITNESSED else log.entries[n] for n in range(SIZE)]
    log.rebuilt(at, changed, log.running.signer)
    (at / HISTORY).write_bytes(b"")


def drop_events_of_a_producer(log: Original, at: Path, dice: random.Random) -> None:
    """By whoever holds the log's key, or keeps events from reaching it: some in a row, and later ones are there."""
    places = log.places(log.record(dice.randrange(WITNESSED, SIZE))["producer"])
    first = dice.randrange(len(places) - 1)
    dropped = set(places[first : dice.randrange(first + 1, len(places))])
    log.rebuilt(at, [data for n, data in enumerate(log.entries) if n not in dropped], log.running.signer)
    (at / HISTORY).write_bytes(b"")


def drop_the_last_events_of_a_producer(log: Original, at: Path, dice: random.Random) -> None:
    """By the same, of one that has ended: none is left, or some of the first."""
    places = log.places(ENDED)
    dropped = set(places[dice.randrange(len(places)) :])
    log.rebuilt(at, [data for n, data in enumerate(log.entries) if n not in dropped], log.running.signer)
    (at / HISTORY).write_bytes(b"")


def drop_a_producer_wholly(log: Original, at: Path, dice: random.Random) -> None:
    """By the same: as if that process had never been, but for another that says where it ended."""
    dropped = set(log.places(ENDED))
    elsewhere = dice.randrange(WITNESSED, SIZE - 1)  # some other change that nothing else speaks against
    entries = [
        log.edited(n, lambda record: record["event"].update(status=299)) if n == elsewhere else data
        for n, data in enumerate(log.entries)
        if n not in dropped
    ]
    log.rebuilt(at, entries, log.running.signer)
    (at / HISTORY).write_bytes(b"")


def seal_moved_to_another_event(log: Original, at: Path, dice: random.Random) -> None:
    one, other = dice.sample(range(SIZE - 1), 2)  # the last has none
    sealed = msgspec.json.decode(log.entries[other][SALT_BYTES:])["sealed"]
    changed = log.edited(one, lambda record: record.update(sealed=sealed))
    log.rebuilt(at, [*log.entries[:one], changed, *log.entries[one + 1 :]], None, log.last)


def a_file_gone(log: Original, at: Path, dice: random.Random) -> None:
    dice.choice([*files(at / "tile", "*"), at / CHECKPOINT]).unlink()


PROMISED = r"entries are not those that it promised"
MISSING = r"goes on at byte \d+ instead of \d+: events are missing|what it wrote before is missing"

MUTATIONS = {
    bit_flip_in_tiles: r"hash \d+ is not that of (entry|the tile below,) \d+$",
    bit_flip_in_the_checkpoint: r"^checkpoint: ",
    bit_flip_in_the_history: r"checkpoints\.jsonl, line \d: ",
    edit: PROMISED,
    delete: rf"{MISSING}|{PROMISED}|does not come after",
    reorder: rf"{MISSING}|{PROMISED}|does not come after",
    truncate: rf"it promises {WITNESSED} entries, and the log has \d+: its end was cut off",
    fork: rf"the checkpoint of {WITNESSED} that you brought: the first {WITNESSED} {PROMISED}",
    re_sign_with_another_key: r"^checkpoint: no signature by",
    back_date: rf"entry {WITNESSED}: .*: back-dated",
    drop_events_of_a_producer: MISSING,
    drop_the_last_events_of_a_producer: rf"{ENDED} ended at byte \d+, and the log has \d+ bytes of it",
    drop_a_producer_wholly: rf"{ENDED} ended at byte \d+, and the log has 0 bytes of it",
    seal_moved_to_another_event: PROMISED,
    a_file_gone: r"is not there$|^there is no checkpoint$",
}
"""Each with what has to find it: what else would have is not in the way."""


def test_there_are_a_thousand() -> None:
    assert len(MUTATIONS) * EACH >= 1000


def test_the_log_as_it_was_is_in_order(original: Original) -> None:
    report = verify(original.directory, original.trust)
    assert (report.size, report.witnessed_size, report.checkpoints) == (SIZE, WITNESSED, 5)


def test_a_history_written_anew_as_it_was_is_in_order(original: Original, tmp_path: Path) -> None:
    """What a flipped bit is found by is the bit, not the writing."""
    at = tmp_path / "log"
    shutil.copytree(original.directory, at)
    for number in range(3):
        in_the_history(at, number, lambda _: None)
    assert verify(at, original.trust).checkpoints == 5


@pytest.mark.parametrize("change", ["nothing", "no history"])
def test_a_log_rebuilt_as_it_was_is_in_order(original: Original, tmp_path: Path, change: str) -> None:
    """The same for the tiles, and for a holder of the key who changes nothing that somebody has seen."""
    at = tmp_path / "log"
    shutil.copytree(original.directory, at)
    original.rebuilt(at, original.entries, original.running.signer)
    if change == "no history":
        (at / HISTORY).write_bytes(b"")
        last = original.edited(SIZE - 1, lambda record: record["event"].update(at=record["event"]["at"] + 0.25))
        original.rebuilt(at, [*original.entries[:-1], last], original.running.signer)
    assert verify(at, original.trust).size == SIZE


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_verify_finds_every_one(original: Original, tmp_path: Path, mutation: Callable[..., None]) -> None:
    dice = random.Random(mutation.__name__)
    missed, otherwise = [], []
    for number in range(EACH):
        at = tmp_path / "log"
        shutil.copytree(original.directory, at)
        mutation(original, at, dice)
        try:
            verify(at, original.trust)
        except Wrong as why:
            if not re.search(MUTATIONS[mutation], str(why)):
                otherwise.append(str(why))
        else:
            missed.append(number)
        shutil.rmtree(at)
    assert not missed
    assert not otherwise
