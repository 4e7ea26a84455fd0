"""A thousand ways to change the log afterwards, by outsiders and by those who hold its key: `verify` finds every one.

What the auditor brings is the log's key, the witness's key, and the last checkpoint that the witness cosigned.
"""

import random
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
from ringfence.audit.verify import Trust, Wrong, verify

EACH = 80
WITNESSED = 280
SIZE = 320


class Original:
    """A log of 320 entries, of which a witness has cosigned the first 280 and nobody the rest."""

    def __init__(self, directory: Path) -> None:
        self.running = Running(directory)
        self.running.grow([call(n) for n in range(150)])
        self.running.promise(witnessed=True)
        self.running.grow([call(n) for n in range(150, 180)], "oauth-00000001-y.journal")
        self.running.grow([call(n) for n in range(10_000, 10_100)])
        self.seen = self.running.promise(witnessed=True)
        self.running.now += 3600
        self.running.grow([call(n) for n in range(400_000, 400_020)], "oauth-00000001-y.journal")
        self.running.grow([call(n) for n in range(400_020, 400_040)])
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


def bit_flip_in_the_history(log: Original, at: Path, dice: random.Random) -> None:
    path = at / HISTORY
    lines = path.read_bytes().split(b"\n")[:-1]
    number = dice.randrange(len(lines))
    note = bytearray(msgspec.json.decode(lines[number])["note"].encode())
    signed = note.index(b"\n\n") + 2 + len("— ".encode()) + len(ORIGIN) + 1 + 80
    note[dice.randrange(signed)] ^= 1 << dice.randrange(7)
    lines[number] = msgspec.json.encode({"note": note.decode("latin-1"), "published_at": 1.0})
    path.write_bytes(b"\n".join(lines) + b"\n")


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
    """By whoever holds the log's key: what no witness has seen yet is written anew, with times of before."""
    place = dice.randrange(WITNESSED, SIZE)
    earlier = dice.uniform(200, 2000)

    def change(record: dict) -> None:
        record["logged_at"] = log.running.now - 3600 - 61 - earlier
        record["event"]["at"] = record["logged_at"]

    changed = [log.edited(n, change) if n >= place else log.entries[n] for n in range(SIZE)]
    log.rebuilt(at, changed, log.running.signer)


def drop_events_of_a_producer(log: Original, at: Path, dice: random.Random) -> None:
    """By whoever holds the log's key, or keeps events from reaching it."""
    first = dice.randrange(WITNESSED, SIZE - 21)
    name = msgspec.json.decode(log.entries[first][SALT_BYTES:])["producer"]
    kept = [
        data
        for n, data in enumerate(log.entries)
        if n < first or n >= SIZE - 1 or msgspec.json.decode(data[SALT_BYTES:])["producer"] != name or n % 20 == 19
    ]
    log.rebuilt(at, kept, log.running.signer)


def seal_moved_to_another_event(log: Original, at: Path, dice: random.Random) -> None:
    one, other = dice.sample(range(SIZE), 2)
    sealed = msgspec.json.decode(log.entries[other][SALT_BYTES:])["sealed"]
    changed = log.edited(one, lambda record: record.update(sealed=sealed))
    log.rebuilt(at, [*log.entries[:one], changed, *log.entries[one + 1 :]], None, log.last)


def a_file_gone(log: Original, at: Path, dice: random.Random) -> None:
    dice.choice([*files(at / "tile", "*"), at / CHECKPOINT]).unlink()


MUTATIONS = [
    bit_flip_in_tiles, bit_flip_in_the_checkpoint, bit_flip_in_the_history, edit, delete, reorder, truncate, fork,
    re_sign_with_another_key, back_date, drop_events_of_a_producer, seal_moved_to_another_event, a_file_gone,
]  # fmt: skip


def test_there_are_a_thousand() -> None:
    assert len(MUTATIONS) * EACH >= 1000


def test_the_log_as_it_was_is_in_order(original: Original) -> None:
    report = verify(original.directory, original.trust)
    assert (report.size, report.witnessed_size, report.checkpoints) == (SIZE, WITNESSED, 5)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_verify_finds_every_one(original: Original, tmp_path: Path, mutation: Callable[..., None]) -> None:
    dice = random.Random(mutation.__name__)
    missed = []
    for number in range(EACH):
        at = tmp_path / "log"
        shutil.copytree(original.directory, at)
        mutation(original, at, dice)
        try:
            verify(at, original.trust)
        except Wrong:
            pass
        else:
            missed.append(number)
        shutil.rmtree(at)
    assert not missed
