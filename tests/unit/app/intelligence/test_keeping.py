import asyncio
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ringfence.app.intelligence import keeping
from ringfence.app.intelligence.known import KnownInPlace
from ringfence.app.intelligence.sources import Absent, Came
from ringfence.clock import Instant
from ringfence.intel.table import load
from ringfence.policy.intelligence_model import Feed, Intelligence

DAY = 86_400
MANY = "\n".join(f"203.0.{i}.1" for i in range(114, 254))


class Clock:
    now = Instant(1_800_000_000.0)

    def __call__(self) -> Instant:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now = Instant(self.now + seconds)


class Keeping:
    """Feeds in a directory, with a clock of their own."""

    def __init__(self, root: Path, **feeds: Feed) -> None:
        self.root, self.clock, self.events = root, Clock(), []
        self.place = root / "place"
        self.place.mkdir(exist_ok=True)
        self.policy = Intelligence(feeds=feeds, allow=("203.0.120.0/24",))
        self.begin()

    def begin(self) -> None:
        self.feeds = keeping.Feeds(self.policy, self.root.joinpath, self.place, self.events.append, self.clock)

    def about(self, address: str) -> tuple[str, ...]:
        return load((self.place / "table").read_bytes()).of(address, self.clock.now).feeds

    def outcomes(self) -> list[str]:
        return [event.outcome for event in self.events]


def write(path: Path, text: str) -> None:
    path.write_text(text)
    os.utime(path, ns=(hash(text) % 10**18, hash(text) % 10**18))


async def test_a_files_change_is_in_the_table_with_the_next_step(tmp_path: Path) -> None:
    write(tmp_path / "list", MANY)
    keeps = Keeping(tmp_path, a=Feed(path="list"))
    assert await keeps.feeds.step()
    assert (keeps.about("203.0.114.1"), keeps.about("203.0.120.1")) == (("a",), ())
    assert not await keeps.feeds.step()
    write(tmp_path / "list", MANY + "\n203.0.99.9")
    assert await keeps.feeds.step()
    assert keeps.about("203.0.99.9") == ("a",)
    assert keeps.outcomes() == ["taken", "taken"]
    (status,) = KnownInPlace(keeps.place).status().feeds
    assert (status.feed, status.entries, status.failure) == ("a", 141, "")


@pytest.mark.parametrize("broken", ["<html>", "nonsense\n" * 200, "", "203.0.114.1"])
async def test_what_is_broken_leaves_what_is_known_until_it_expires(tmp_path: Path, broken: str) -> None:
    write(tmp_path / "list", MANY)
    keeps = Keeping(tmp_path, a=Feed(path="list", expires_after_seconds=DAY))
    await keeps.feeds.step()
    write(tmp_path / "list", broken)
    for _ in range(3):
        keeps.clock.forward(60)
        await keeps.feeds.step()
    assert keeps.about("203.0.114.1") == ("a",)
    assert keeps.outcomes() == ["taken", "kept"]
    assert KnownInPlace(keeps.place).status().feeds[0].failure
    keeps.clock.forward(DAY)
    await keeps.feeds.step()
    assert keeps.about("203.0.114.9") == ()
    assert "ended" in keeps.outcomes()
    write(tmp_path / "list", MANY)
    keeps.clock.forward(60)
    await keeps.feeds.step()
    assert keeps.about("203.0.114.1") == ("a",)


class Remote:
    """What `fetch` finds."""

    def __init__(self) -> None:
        self.found: Came | Absent = Came((MANY.encode(),), "t1")
        self.asked: list[str] = []

    async def __call__(self, feed: Feed, file: Any, tag: str) -> Came:
        self.asked.append(tag)
        if isinstance(self.found, Absent):
            raise self.found
        return Came((), tag) if tag == self.found.tag else self.found


@pytest.fixture
def remote(monkeypatch: pytest.MonkeyPatch) -> Remote:
    made = Remote()
    monkeypatch.setattr(keeping, "fetch", made)
    return made


async def test_a_server_is_asked_on_schedule_and_sooner_after_a_failure(tmp_path: Path, remote: Remote) -> None:
    keeps = Keeping(tmp_path, a=Feed(url="https://h/", every_seconds=3600))
    await keeps.feeds.step()
    keeps.clock.forward(3599)
    await keeps.feeds.step()
    assert remote.asked == [""]
    remote.found = Absent("answered 500")
    keeps.clock.forward(1)
    await keeps.feeds.step()
    keeps.clock.forward(keeping.RETRY_SECONDS)
    await keeps.feeds.step()
    assert remote.asked == ["", "t1", "t1"]
    assert keeps.about("203.0.114.1") == ("a",)
    assert keeps.outcomes() == ["taken", "kept"]
    remote.found = Came((MANY.encode(),), "t1")
    keeps.feeds.ask_again()
    assert await keeps.feeds.step()  # unchanged, and it lasts from now
    assert KnownInPlace(keeps.place).status().feeds[0].failure == ""


async def test_a_start_without_a_network_begins_with_what_is_kept(tmp_path: Path, remote: Remote) -> None:
    keeps = Keeping(tmp_path, a=Feed(url="https://h/"))
    await keeps.feeds.step()
    remote.found = Absent("answered 500")
    (keeps.place / "table").unlink()
    keeps.begin()
    await keeps.feeds.step()
    assert keeps.about("203.0.114.1") == ("a",)
    # what was kept of another URL is not what this one said
    keeps.policy = Intelligence(feeds={"a": Feed(url="https://other/")})
    keeps.begin()
    await keeps.feeds.step()
    assert keeps.about("203.0.114.1") == ()


async def test_a_kept_file_that_is_damaged_is_fetched_anew(tmp_path: Path, remote: Remote) -> None:
    keeps = Keeping(tmp_path, a=Feed(url="https://h/"))
    await keeps.feeds.step()
    (kept,) = keeps.place.glob("*.feed")
    kept.write_bytes(kept.read_bytes()[:-3])
    keeps.begin()
    await keeps.feeds.step()
    assert remote.asked == ["", ""]
    kept.write_bytes(msgspec.msgpack.encode(keeping.Kept((), "t", Instant(0.0))))
    keeps.begin()
    await keeps.feeds.step()
    assert keeps.about("203.0.114.1") == ("a",)


async def test_one_feed_that_fails_holds_up_no_other(tmp_path: Path, remote: Remote) -> None:
    write(tmp_path / "list", "203.0.99.9\n")
    remote.found = Absent("no whole answer")
    keeps = Keeping(tmp_path, a=Feed(url="https://h/"), b=Feed(path="list", action="refuse"))
    await keeps.feeds.step()
    assert keeps.about("203.0.99.9") == ("b",)
    assert {event.feed: event.outcome for event in keeps.events} == {"a": "kept", "b": "taken"}


async def test_a_file_that_stays_as_it_is_does_not_end(tmp_path: Path) -> None:
    write(tmp_path / "list", MANY)
    keeps = Keeping(tmp_path, a=Feed(path="list", expires_after_seconds=DAY))
    for _ in range(60):
        await keeps.feeds.step()
        keeps.clock.forward(DAY / 10)
    await keeps.feeds.step()
    assert keeps.about("203.0.114.1") == ("a",)
    assert keeps.outcomes() == ["taken"]


async def test_a_server_that_hangs_holds_up_no_other_feed(tmp_path: Path) -> None:
    hanging, gone = asyncio.Event(), asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hanging.set()
        await gone.wait()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    write(tmp_path / "list", MANY)
    keeps = Keeping(tmp_path, slow=Feed(url=url), a=Feed(path="list"))
    async with asyncio.timeout(30):
        while not hanging.is_set() or "taken" not in keeps.outcomes():
            await keeps.feeds.step(0.05)
        assert keeps.about("203.0.114.1") == ("a",)
        write(tmp_path / "list", MANY + "\n203.0.99.9")
        while keeps.about("203.0.99.9") != ("a",):
            keeps.clock.forward(120)  # tables are written anew meanwhile
            await keeps.feeds.step(0.05)
    assert "slow" in keeps.feeds._coming
    gone.set()
    await keeps.feeds.step()
    assert keeps.outcomes() == ["taken", "taken", "kept"]
    server.close()


async def test_what_still_comes_is_given_up_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def hang(feed: Feed, file: Any, tag: str) -> Came:
        asked.append(feed.url)
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(keeping, "fetch", hang)
    keeps = Keeping(tmp_path, **{f"f{n}": Feed(url=f"https://h/{n}") for n in range(20)})
    await keeps.feeds.step(0.01)
    await keeps.feeds.step(0.01)
    assert len(asked) == keeping.AT_ONCE, "each once, and not all at once"
    await keeps.feeds.end()
    assert keeps.feeds._coming == {}
