"""One appender, whole batches, and nothing lost that was acknowledged."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from logs import NOW, Running, call, stored

from ringfence.audit import tiles
from ringfence.audit.log import CHECKPOINT, INDEX, AuditLog, Damaged, Held, root_of
from ringfence.audit.merkle import Frontier, leaf_hash
from ringfence.audit.persons import Persons
from ringfence.audit.record import read
from ringfence.audit.tiles import Edge, entries
from ringfence.audit.verify import Trust, verify
from ringfence.clock import Instant
from ringfence.ids import system_random
from ringfence.store.interface import Unavailable


def plain_root(directory: Path, size: int) -> bytes:
    tree = Frontier()
    for data in entries(directory, size):
        tree.add(leaf_hash(data))
    return tree.root()


@pytest.mark.parametrize("size", [1, 2, 3, 255, 256, 257, 511, 512, 513, 700])
def test_the_root_is_that_of_the_entries_whatever_the_size(running, size):
    running.grow([call(n) for n in range(size)])
    assert running.log.head.size == size
    assert running.log.head.root == plain_root(running.directory, size)
    assert root_of(Edge.load(running.directory, size)) == running.log.head.root


def test_three_levels_of_tiles(running, monkeypatch):
    monkeypatch.setattr(tiles, "WIDTH", 256)
    for start in range(0, 66_000, 6_000):
        running.grow([call(n) for n in range(start, start + 6_000)])
    assert running.log.head.root == plain_root(running.directory, 66_000)
    running.promise()
    assert verify(running.directory, Trust((running.signer.key,))).size == 66_000


def test_batches_of_any_size_give_the_log_that_one_batch_gives(running):
    for start, count in ((0, 1), (1, 254), (255, 1), (256, 3), (259, 300)):
        running.grow([call(n) for n in range(start, start + count)])
    records = [read(data) for data in entries(running.directory, 559)]
    assert [r.event["correlation"] for r in records] == [call(n).correlation for n in range(559)]
    assert [r.position for r in records] == list(range(1, 560))


def test_what_is_there_is_not_appended_again(running):
    running.grow([call(0), call(1)])
    again = stored([call(0), call(1), call(2)])
    assert running.log.append(again, Instant(running.now)).size == 3
    assert running.log.append(again, Instant(running.now)).size == 3


def test_two_appenders_exactly_one_holds_the_lock(running):
    with pytest.raises(Held):
        Running(running.directory)
    script = (
        "import sys; from pathlib import Path; from ringfence.audit.log import AuditLog, Held\n"
        "from ringfence.audit.persons import Persons\n"
        "try: AuditLog(Path(sys.argv[1]), Persons(Path(sys.argv[1]) / 'persons.db', None, bytes), bytes)\n"
        "except Held: print('held')\n"
    )
    ran = subprocess.run([sys.executable, "-c", script, running.directory], capture_output=True, text=True, check=True)
    assert ran.stdout == "held\n"
    running.log.close()
    AuditLog(running.directory, running.persons, system_random).close()


def test_what_a_broken_off_batch_left_is_removed_and_written_again(running):
    running.grow([call(n) for n in range(200)])
    before = running.log.head
    keep = Path(running.directory / INDEX).read_bytes()
    running.log._disconnect()
    index_before = {p: p.read_bytes() for p in running.directory.glob("index.db*")}
    running.log._reopen()
    running.grow([call(n) for n in range(200, 600)])
    running.close()
    for path in running.directory.glob("index.db*"):
        path.unlink()
    for path, data in index_before.items():
        path.write_bytes(data)  # as if the machine had died before the index was committed
    assert keep
    running.log = running.open()
    assert running.log.head == before
    assert not (running.directory / "tile/entries/000").exists()
    running.position, running.offsets = 200, {k: v for k, v in running.offsets.items() if not v}
    running.log.append(stored([call(n) for n in range(600)]), Instant(running.now))
    assert running.log.head.root == plain_root(running.directory, 600)
    running.promise()
    assert verify(running.directory, Trust((running.signer.key,))).size == 600


def test_a_full_disk_appends_nothing_and_goes_on_when_there_is_room(running, monkeypatch):
    running.grow([call(n) for n in range(100)])
    before = running.log.head
    batch = stored([call(n) for n in range(400)])
    real, left = os.write, [3]

    def full(descriptor: int, data: bytes) -> int:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", full)
    for _ in range(3):
        left[0] = 3
        with pytest.raises(Unavailable, match="No space left"):
            running.log.append(batch, Instant(running.now))
        assert running.log.head == before
    monkeypatch.undo()
    assert running.log.append(batch, Instant(running.now)).size == 400
    assert running.log.head.root == plain_root(running.directory, 400)
    running.promise()
    assert verify(running.directory, Trust((running.signer.key,))).size == 400


def test_an_index_that_is_gone_is_made_anew_from_the_entries(running):
    running.grow([call(n) for n in range(300)])
    running.promise()
    head = running.log.head
    running.close()
    for path in running.directory.glob("index.db*"):
        path.unlink()
    running.log = running.open()
    assert running.log.head == head


def test_a_log_whose_end_was_changed_is_not_appended_to(running):
    running.grow([call(n) for n in range(30)])
    running.close()
    path = running.directory / "tile/0/000.p/30"
    path.write_bytes(bytes(32) + path.read_bytes()[32:])
    with pytest.raises(Damaged, match="last tiles"):
        running.open()
    path.unlink()
    with pytest.raises(Damaged, match="not there"):
        running.open()


def test_an_index_that_was_set_back_behind_the_checkpoint_is_not_appended_to(running):
    running.grow([call(n) for n in range(30)])
    running.promise()
    running.close()
    for path in running.directory.glob("index.db*"):
        path.unlink()
    note = (running.directory / CHECKPOINT).read_text()
    (running.directory / CHECKPOINT).write_text(note.replace("\n30\n", "\n31\n", 1))
    with pytest.raises(Damaged):
        running.open()


def test_times_do_not_go_back_in_the_log_when_the_clock_does(running):
    running.grow([call(0)])
    batch = stored([call(0), call(1)])
    running.log.append(batch, Instant(NOW - 1000))
    times = [read(data).logged_at for data in entries(running.directory, 2)]
    assert times == sorted(times)


def test_a_directory_that_cannot_be_used_is_unavailable(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable):
        AuditLog(tmp_path / "file" / "log", Persons(tmp_path / "p", None, system_random), system_random)


KILLED = """
import sys, os, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from logs import Running, call
running = Running(Path(sys.argv[1]))
running.position = running.log.head.position
done = running.position
while True:
    batch = [call(n) for n in range(done, done + 37)]
    from logs import stored
    from ringfence.clock import Instant
    offset = sum(len(__import__('ringfence.events').events.encode(call(n))) + 1 for n in range(done))
    running.log.append(stored(batch, position=done + 1, offset=offset), Instant(1764100000.0))
    done += 37
    print(done, flush=True)
"""


def test_kill_9_during_append_loses_nothing_that_was_acknowledged(tmp_path):
    directory = tmp_path / "log"
    acknowledged = 0
    for turn in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, directory, Path(__file__).parent], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for _ in range(3 + turn):
            acknowledged = int(process.stdout.readline())
        process.kill()
        rest = process.stdout.read().split()
        acknowledged = int(rest[-1]) if rest else acknowledged
        process.wait()
        process.stdout.close()
    running = Running(directory)
    try:
        size = running.log.head.size
        assert size >= acknowledged > 0
        records = [read(data) for data in entries(directory, size)]
        assert [r.event["correlation"] for r in records] == [call(n).correlation for n in range(size)]
        running.now = 1764100001.0
        running.promise()
        assert verify(directory, Trust((running.signer.key,))).size == size
    finally:
        running.close()
