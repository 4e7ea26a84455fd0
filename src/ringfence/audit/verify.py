"""Walk the whole log and say the first thing that is wrong.  RFC 9162 §2.1; C2SP tlog-tiles."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from ringfence.audit.log import CHECKPOINT, HISTORY, Damaged, Kept, published
from ringfence.audit.merkle import EMPTY_ROOT, Frontier, leaf_hash, perfect_root
from ringfence.audit.note import Note, NoteInvalid, NoteKey, vouchers
from ringfence.audit.producers import Missing, Producers
from ringfence.audit.record import EntryInvalid, Record, read
from ringfence.audit.tiles import WIDTH, TileMissing, levels, read_entries, read_tile, tile_path, width_of
from ringfence.clock import Seconds

SKEW: Final[Seconds] = 60.0
"""By so much may the clocks of log and witness differ."""

LATE: Final[Seconds] = 300.0
"""An event that reached the log later than this is counted: an outage, or somebody who writes history."""

Progress = Callable[[int, int], None]
"""Told how many entries of how many have been looked at."""


class Wrong(Exception):
    """The log is not what it must be. `str()` says what and where; it is the first such thing."""


class Trust(msgspec.Struct, frozen=True):
    """What the auditor brings: nothing of it may come from the log's own machine."""

    keys: tuple[NoteKey, ...]
    """Of the log; all have to vouch for each checkpoint."""
    witnesses: tuple[NoteKey, ...] = ()
    quorum: int = 0
    """So many of the witnesses have to vouch for the newest checkpoint or for one that was brought."""
    seen: tuple[Note, ...] = ()
    """Checkpoints that were obtained earlier, or from a witness: the log must still contain them."""


class Report(msgspec.Struct, frozen=True):
    """What was verified."""

    origin: str
    size: int
    root: str
    """In hex."""
    checkpoints: int
    """How many, all on the way to this one."""
    witnessed_size: int
    """Largest size that a trusted witness vouches for; 0 for none."""
    witnesses: tuple[str, ...]
    """Those that vouch for it."""
    producers: int
    open_producers: tuple[str, ...]
    late: int
    """Events that reached the log more than five minutes after they happened."""


class _Promise(msgspec.Struct, frozen=True):
    """A checkpoint to hold the log to."""

    what: str
    note: Note
    seen_at: tuple[int, ...]
    """When witnesses cosigned it."""


def verify(directory: Path, trust: Trust, progress: Progress = lambda _done, _of: None) -> Report:
    """Return what was found if every entry, tile, checkpoint and sequence is in order.

    Raises:
        Wrong: something is not; the first such thing in the order checkpoint, entries, tiles.
    """
    newest = _newest(directory)
    promises = _promises(directory, newest, trust)
    size, origin = newest.checkpoint.size, newest.checkpoint.origin
    for promise in promises:
        other = promise.note.checkpoint
        if other.origin != origin:
            raise Wrong(f"{promise.what}: it is of another log, {other.origin!r}")
        if other.size > size:
            raise Wrong(
                f"{promise.what}: it promises {other.size} entries, and the log has {size}: its end was cut off"
            )
    walk = _Walk(promises)
    for place, data in enumerate(_entries(directory, size)):
        walk.take(place, data)
        if not place % WIDTH:
            progress(place, size)
    walk.end()
    progress(size, size)
    witnessed = [(p, vouchers(p.note, trust.witnesses)) for p in promises]
    most = max(((p.note.checkpoint.size, v) for p, v in witnessed if v), key=lambda pair: pair[0], default=(0, {}))
    return Report(
        origin=origin,
        size=size,
        root=newest.checkpoint.root.hex(),
        checkpoints=len(promises),
        witnessed_size=most[0],
        witnesses=tuple(sorted(key.name for key in most[1])),
        producers=walk.producers.count,
        open_producers=walk.producers.open,
        late=walk.late,
    )


def _newest(directory: Path) -> Note:
    try:
        newest = published(directory)
    except (Damaged, OSError) as why:
        raise Wrong(str(why)) from None
    if newest is None:
        raise Wrong(f"there is no {CHECKPOINT}")
    return newest


def _promises(directory: Path, newest: Note, trust: Trust) -> list[_Promise]:
    """Return every checkpoint that the log is held to, its signatures verified.  Raises Wrong."""
    found = [_promise(CHECKPOINT, newest, trust), *_kept(directory, trust)]
    found += [_promise(f"the checkpoint of {n.checkpoint.size} that you brought", n, trust) for n in trust.seen]
    if max(len(promise.seen_at) for promise in found) < trust.quorum:
        raise Wrong(
            f"no checkpoint is cosigned by {trust.quorum} of the {len(trust.witnesses)} witnesses that you trust"
        )
    return found


def _promise(what: str, note: Note, trust: Trust) -> _Promise:
    for key in trust.keys:
        try:
            note.vouched(key)
        except NoteInvalid as why:
            raise Wrong(f"{what}: {why}") from None
    return _Promise(what, note, tuple(vouchers(note, trust.witnesses).values()))


def _kept(directory: Path, trust: Trust) -> Iterator[_Promise]:
    try:
        lines = (directory / HISTORY).read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return
    except OSError as error:
        raise Wrong(f"{HISTORY} cannot be read: {error.strerror}") from None
    before = 0
    for number, line in enumerate(lines, 1):
        what = f"{HISTORY}, line {number}"
        try:
            note = Note.parse(msgspec.json.decode(line, type=Kept).note.encode())
        except (msgspec.MsgspecError, UnicodeError, NoteInvalid) as why:
            raise Wrong(f"{what}: {why}") from None
        if note.checkpoint.size < before:
            raise Wrong(f"{what}: the log shrank from {before} entries to {note.checkpoint.size}")
        before = note.checkpoint.size
        yield _promise(what, note, trust)


class _Walk:
    """The state of a walk over the entries."""

    def __init__(self, promises: Sequence[_Promise]) -> None:
        self._tree = Frontier()
        self._due: dict[int, list[_Promise]] = {}
        for promise in promises:
            self._due.setdefault(promise.note.checkpoint.size, []).append(promise)
        seen = [(p.note.checkpoint.size, at) for p in promises for at in p.seen_at]
        self._seen = sorted(seen, reverse=True)
        self._not_before = 0.0
        self._position = 0
        self._logged_at = 0.0
        self.producers = Producers()
        self.late = 0

    def take(self, place: int, data: bytes) -> None:
        """Look at the next entry.  Raises Wrong."""
        self._hold_to(place)
        try:
            record = read(data)
            self._judge(record)
            self.producers.take(record)
        except (EntryInvalid, Missing) as why:
            raise Wrong(f"entry {place}: {why}") from None
        self._tree.add(leaf_hash(data))

    def end(self) -> None:
        """Look at what the whole log is held to.  Raises Wrong."""
        self._hold_to(self._tree.size)

    def _hold_to(self, size: int) -> None:
        for promise in self._due.get(size, ()):
            if (self._tree.root() if size else EMPTY_ROOT) != promise.note.checkpoint.root:
                raise Wrong(f"{promise.what}: the first {size} entries are not those that it promised")
        while self._seen and self._seen[-1][0] <= size:
            _, at = self._seen.pop()
            if self._logged_at > at + SKEW:
                raise Wrong(f"entry {size - 1}: it says that it was logged after a witness had seen it")
            self._not_before = max(self._not_before, at - SKEW)

    def _judge(self, record: Record) -> None:
        if record.position <= self._position:
            raise EntryInvalid(f"position {record.position} does not come after {self._position}")
        if record.logged_at < self._logged_at:
            raise EntryInvalid("it says that it was logged before the entry before it")
        if record.logged_at < self._not_before:
            raise EntryInvalid("it says that it was logged before a witness saw the log without it: back-dated")
        at = record.event.get("at")
        if isinstance(at, int | float):
            if at > record.logged_at + SKEW:
                raise EntryInvalid("it says that it happened after it was logged")
            self.late += at < record.logged_at - LATE
        self._position, self._logged_at = record.position, record.logged_at


def _entries(directory: Path, size: int) -> Iterator[bytes]:
    """Return the entries of a log, each bundle only after its tiles were found to fit.  Raises Wrong."""
    tiles = _Tiles(directory, size)
    try:
        for number in range(-(-size // WIDTH)):
            bundle = read_entries(directory, number, width_of(size, number))
            tiles.take(bundle)
            yield from bundle
        tiles.end()
    except TileMissing as missing:
        raise Wrong(str(missing)) from None


class _Tiles:
    """Compares each tile, once it is complete, with what the entries or the tiles below it say."""

    def __init__(self, directory: Path, size: int) -> None:
        self._directory = directory
        self._rows: list[list[bytes]] = [[] for _ in levels(size)]
        self._done = [0] * len(self._rows)

    def take(self, bundle: Sequence[bytes]) -> None:
        """Look at the next bundle.  Raises Wrong or TileMissing."""
        self._rows[0] = [leaf_hash(data) for data in bundle]
        self._close(0)

    def end(self) -> None:
        """Look at the partial tiles above the leaves.  Raises Wrong or TileMissing."""
        for level in range(1, len(self._rows)):
            if self._rows[level]:
                self._close(level)

    def _close(self, level: int) -> None:
        number, row = self._done[level], self._rows[level]
        kept = read_tile(self._directory, level, number, len(row))
        if kept != row:
            at = next(i for i, (ours, theirs) in enumerate(zip(row, kept, strict=True)) if ours != theirs)
            what = f"entry {number * WIDTH + at}" if not level else f"the tile below, {number * WIDTH + at}"
            raise Wrong(f"{tile_path(level, number, len(row))}: hash {at} is not that of {what}")
        self._done[level] += 1
        self._rows[level] = []
        if len(row) == WIDTH and level + 1 < len(self._rows):
            above = self._rows[level + 1]
            above.append(perfect_root(row))
            if len(above) == WIDTH:
                self._close(level + 1)
