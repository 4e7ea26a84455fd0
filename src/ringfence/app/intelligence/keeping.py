"""The feeds of a policy in force: taken anew when due, kept as they last came, joined into one file.

A feed that does not come, cannot be read or shrinks to a tenth leaves what is known in force until that
expires. What came is kept on the disk, so that a start without a network begins with it.
"""

import asyncio
import hashlib
import ipaddress
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import structlog

from ringfence.app.intelligence.sources import Absent, Came, fetch, read_path
from ringfence.clock import Clock, Instant, Seconds
from ringfence.edge.files import replace_file
from ringfence.events import Event
from ringfence.events.detection import FeedRefreshed
from ringfence.intel.indicator import Malformed, Reading
from ringfence.intel.read import read
from ringfence.intel.status import FeedStatus, Status
from ringfence.intel.table import FeedSet, join, load
from ringfence.policy.intelligence_model import Feed, Intelligence

_log = structlog.get_logger("ringfence.intelligence")

RETRY_SECONDS: Final[Seconds] = 300.0
"""After a failure, or the feed's own interval where that is shorter."""
SHRUNK: Final = 10
"""A feed that came with less than a tenth of what is known is taken for broken, once the tenth would matter."""
MATTERS: Final = 100
AT_ONCE: Final = 16
"""Servers that are asked at the same time."""
REJOIN_EVERY: Final[Seconds] = 60.0
"""Entries end at their own times; the table says so by itself, and is written anew this often for the overlapping."""


class Kept(msgspec.Struct, frozen=True):
    """A feed as it last came, on the disk."""

    documents: tuple[bytes, ...]
    tag: str
    came_at: Instant


class _State:
    """One feed at work."""

    def __init__(self, name: str, feed: Feed) -> None:
        self.name, self.feed = name, feed
        self.kept: Kept | None = None
        self.reading = Reading()
        self.tried_at: Instant | None = None
        self.due_at = Instant(0.0)
        self.failure = ""

    def status(self) -> FeedStatus:
        kept = self.kept
        return FeedStatus(
            feed=self.name,
            action=self.feed.action,
            entries=len(self.reading.indicators) + len(self.reading.agents),
            skipped=self.reading.skipped,
            came_at=kept.came_at if kept else None,
            tried_at=self.tried_at,
            failure=self.failure,
            mistake=self.reading.mistake,
            digest=_digest(kept.documents) if kept else "",
        )


def _digest(documents: tuple[bytes, ...]) -> str:
    whole = hashlib.sha256()
    for document in documents:
        whole.update(document)
    return whole.hexdigest()


class Feeds:
    """All feeds of a policy."""

    def __init__(
        self,
        policy: Intelligence,
        file: Callable[[str], Path],
        place: Path,
        emit: Callable[[Event], None],
        clock: Clock,
    ) -> None:
        """Begin with what is kept in `place`, a directory that is there."""
        self._policy = policy
        self._file = file
        self._place = place
        self._emit = emit
        self._clock = clock
        self._joined_at = Instant(0.0)
        self._ranges = 0
        self._coming: dict[str, asyncio.Task[bool]] = {}
        self._few = asyncio.Semaphore(AT_ONCE)
        self._states = [_State(name, feed) for name, feed in policy.feeds.items()]
        for state in self._states:
            self._begin(state)

    def _begin(self, state: _State) -> None:
        """Read what is kept, if it is of this feed and can still be read."""
        try:
            kept = msgspec.msgpack.decode(self._kept_at(state).read_bytes(), type=Kept)
            state.reading = read(state.feed, list(kept.documents), kept.came_at, self._clock())
        except (OSError, msgspec.DecodeError, Malformed, IndexError):
            return
        state.kept = kept
        state.due_at = Instant(kept.came_at + state.feed.every_seconds) if state.feed.url else Instant(0.0)

    def _kept_at(self, state: _State) -> Path:
        """Return where a feed is kept: under another name as soon as it comes from elsewhere or is read otherwise."""
        said = msgspec.json.encode((state.feed.path, state.feed.url, state.feed.format, state.feed.about))
        return self._place / f"{state.name}-{hashlib.sha256(said).hexdigest()[:16]}.feed"

    def ask_again(self) -> None:
        """Make every feed due now."""
        for state in self._states:
            state.due_at = Instant(0.0)

    async def step(self, patience: Seconds | None = None) -> bool:
        """Take what is due, and write the table where something has changed; say whether it was written.

        Args:
            patience: after so many seconds it goes on without the feeds that are still coming, and takes them with a
                later step: one server that hangs holds up no other feed. None: it waits for all.
        """
        now = self._clock()
        for state in self._states:
            if state.due_at <= now and state.name not in self._coming:
                self._coming[state.name] = asyncio.create_task(self._take_anyhow(state))
        first = not self._joined_at
        came = await self._came(patience)
        changed = any(task.result() for task in came.values())
        expired = now - self._joined_at >= REJOIN_EVERY and await asyncio.to_thread(self._expire, now)
        if first or changed or expired:
            await asyncio.to_thread(self._write, now)
            return True
        if any(state.feed.url or state.failure for state in self._states if state.name in came):
            self._tell(now)
        return False

    async def _came(self, patience: Seconds | None) -> dict[str, asyncio.Task[bool]]:
        if self._coming:
            await asyncio.wait(self._coming.values(), timeout=patience)
        came = {name: task for name, task in self._coming.items() if task.done()}
        for name in came:
            del self._coming[name]
        return came

    async def _take_anyhow(self, state: _State) -> bool:
        try:
            if not state.feed.url:
                return await self._take(state)
            async with self._few:
                return await self._take(state)
        except OSError as why:
            return self._failed(state, repr(why), self._clock())

    async def end(self) -> None:
        """Give up what is still coming."""
        for task in self._coming.values():
            task.cancel()
        await asyncio.gather(*self._coming.values(), return_exceptions=True)
        self._coming.clear()

    async def _take(self, state: _State) -> bool:
        now = self._clock()
        feed, kept = state.feed, state.kept
        state.due_at = Instant(now + feed.every_seconds) if feed.url else now
        tag = kept.tag if kept else ""
        try:
            came = await fetch(feed, self._file, tag) if feed.url else read_path(self._file(feed.path), tag)
            if not came.documents:
                state.tried_at, state.failure = now, ""
                if kept is not None and (feed.url or now - kept.came_at > feed.expires_after_seconds / 2):
                    # confirmed: it lasts from now
                    self._keep(state, Kept(kept.documents, tag, now))
                    state.reading = await asyncio.to_thread(read, feed, list(kept.documents), now, now)
                    return True
                return False
            reading = await asyncio.to_thread(read, feed, list(came.documents), now, now)
            self._refuse_shrunk(state, reading)
        except (Absent, Malformed) as why:
            return self._failed(state, str(why), now)
        return self._took(state, came, reading, now)

    def _refuse_shrunk(self, state: _State, reading: Reading) -> None:
        before = len(state.reading.indicators) + len(state.reading.agents)
        after = len(reading.indicators) + len(reading.agents)
        if before >= MATTERS and after * SHRUNK < before:
            raise Malformed(f"it came with {after} entries and had {before}: taken for broken until that has expired")

    def _took(self, state: _State, came: Came, reading: Reading, now: Instant) -> bool:
        state.reading, state.tried_at, state.failure = reading, now, ""
        before = _digest(state.kept.documents) if state.kept else ""
        self._keep(state, Kept(came.documents, came.tag, now))
        digest = _digest(came.documents)
        if digest != before:
            entries = len(reading.indicators) + len(reading.agents)
            self._emit(
                FeedRefreshed(
                    at=now,
                    feed=state.name,
                    outcome="taken",
                    entries=entries,
                    skipped=reading.skipped,
                    digest=digest,
                    why=reading.mistake,
                )
            )
            _log.info("feed taken", feed=state.name, entries=entries, skipped=reading.skipped)
        return True

    def _keep(self, state: _State, kept: Kept) -> None:
        state.kept = kept
        try:
            replace_file(self._kept_at(state), msgspec.msgpack.encode(kept), 0o600)
        except OSError as why:
            _log.error("a feed is not kept: after a start it has to come anew", feed=state.name, why=repr(why))

    def _failed(self, state: _State, why: str, now: Instant) -> bool:
        again = min(RETRY_SECONDS, state.feed.every_seconds) if state.feed.url else 5.0
        state.tried_at, state.due_at = now, Instant(now + again)
        if why != state.failure:
            entries = len(state.reading.indicators) + len(state.reading.agents)
            self._emit(FeedRefreshed(at=now, feed=state.name, outcome="kept", entries=entries, why=why[:500]))
            _log.warning("feed not taken: what is known stays until it expires", feed=state.name, why=why)
        state.failure = why
        return False

    def _expire(self, now: Instant) -> bool:
        """Leave out what has ended; say whether there was any."""
        changed = False
        for state in self._states:
            if state.kept is None or state.name in self._coming:  # what is coming is what its task says
                continue
            left = tuple(one for one in state.reading.indicators if one.expires_at > now)
            agents = state.reading.agents if now < state.kept.came_at + state.feed.expires_after_seconds else ()
            if len(left) == len(state.reading.indicators) and len(agents) == len(state.reading.agents):
                continue
            changed = True
            state.reading = msgspec.structs.replace(state.reading, indicators=left, agents=agents)
            if not left and not agents:
                self._emit(FeedRefreshed(at=now, feed=state.name, outcome="ended", why=state.failure))
                _log.warning("nothing of a feed is used any more: it has not come for too long", feed=state.name)
        self._joined_at = now
        return changed

    def _write(self, now: Instant) -> None:
        sets = [
            FeedSet(state.name, state.feed.action, state.reading.indicators, state.reading.agents)
            for state in self._states
        ]
        data = join(sets, _allowed(self._policy.allow), now)
        replace_file(self._place / "table", data)
        self._joined_at = now
        self._tell(now, load(data).ranges)

    def _tell(self, now: Instant, ranges: int | None = None) -> None:
        if ranges is not None:
            self._ranges = ranges
        told = Status(feeds=tuple(state.status() for state in self._states), ranges=self._ranges, written_at=now)
        replace_file(self._place / "status.json", msgspec.json.encode(told))


def _allowed(texts: tuple[str, ...]) -> list[tuple[int, int, int]]:
    found = [ipaddress.ip_network(text) for text in texts]
    return [(one.version, int(one.network_address), int(one.broadcast_address)) for one in found]
