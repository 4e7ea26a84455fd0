"""What threat intelligence costs: reading feeds, joining them, loading the table, looking a caller up.

python -m bench.intelligence
"""

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.table import Table as Shown

from ringfence.clock import Instant
from ringfence.intel.agents import Agents
from ringfence.intel.indicator import Indicator
from ringfence.intel.lists import read_crawlers, read_networks
from ringfence.intel.table import NEVER, FeedSet, Table, join, load

DATA: Final = Path(__file__).resolve().parents[2] / "shared" / "data"
LISTS: Final = ("ipsum.txt", "x4b_datacenter_ipv4.txt", "x4b_vpn_ipv4.txt")
CRAWLERS: Final = "crawler-user-agents.json"
WANTED: Final = 200_000
LOOKUPS: Final = 50_000
NOW: Final = Instant(1_800_000_000.0)


class Figures(msgspec.Struct):
    """What was measured."""

    entries: int
    ranges: int
    read_seconds: float
    join_seconds: float
    load_milliseconds: float
    new_address_us: float
    known_address_us: float
    new_agent_us: float
    patterns: int


def timed(act: Callable[[], Any]) -> tuple[Any, float]:
    """Return what `act` returns, and the CPU seconds that it took."""
    began = time.process_time()
    made = act()
    return made, time.process_time() - began


def feeds(chance: random.Random) -> list[FeedSet]:
    """Return the public lists, filled up with drawn networks to 200,000 entries."""
    found = [
        FeedSet(name, "tag", read_networks((DATA / name).read_bytes(), 80, Instant(NOW + 1000)).indicators)
        for name in LISTS
        if (DATA / name).is_file()
    ]
    missing = WANTED - sum(len(feed.indicators) for feed in found)
    drawn = []
    for _ in range(max(missing, 0)):
        first = chance.randrange(11 << 24, 100 << 24) & ~0xFF
        drawn.append(Indicator(4, first, first + 255, 80, Instant(float(NEVER - 1))))
    return [*found, FeedSet("drawn", "tag", tuple(drawn))]


def measure(seed: int = 26) -> Figures:
    """Measure once; addresses are drawn anew for each seed, half of them from the feeds."""
    chance = random.Random(seed)
    sets, read_seconds = timed(lambda: feeds(chance))
    data, join_seconds = timed(lambda: join(sets, (), NOW))
    table: Table
    table, load_seconds = timed(lambda: load(data))
    listed = [one.first for feed in sets for one in feed.indicators]
    numbers = [chance.choice(listed) if i % 2 else chance.randrange(1 << 24, 223 << 24) for i in range(LOOKUPS)]
    addresses = [".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0)) for number in numbers]
    _, new = timed(lambda: [table.of(address, NOW) for address in addresses])
    few = addresses[:1000] * (LOOKUPS // 1000)
    _, known = timed(lambda: [table.of(address, NOW) for address in few])
    file = DATA / CRAWLERS
    patterns = read_crawlers(file.read_bytes()).agents if file.is_file() else ("sqlmap", "nikto", "bot/")
    agents = Agents((pattern, "crawlers") for pattern in patterns)
    texts = [f"bank-client/{chance.randrange(10**9)} (partner)" for _ in range(5_000)]
    agents.of(texts[0])
    _, named = timed(lambda: [agents.of(text) for text in texts])
    return Figures(
        entries=sum(len(feed.indicators) for feed in sets),
        ranges=table.ranges,
        read_seconds=read_seconds,
        join_seconds=join_seconds,
        load_milliseconds=load_seconds * 1e3,
        new_address_us=new / LOOKUPS * 1e6,
        known_address_us=known / LOOKUPS * 1e6,
        new_agent_us=named / len(texts) * 1e6,
        patterns=len(patterns),
    )


def run(console: Console) -> dict[str, Any]:
    """Measure, show and return it."""
    found = measure()
    shown = Shown(
        title=f"Threat intelligence: {found.entries:,} entries, {found.ranges:,} ranges", title_justify="left"
    )
    shown.add_column("what")
    shown.add_column("CPU", justify="right")
    shown.add_row("read and judge all feeds (their own role)", f"{found.read_seconds:.2f} s")
    shown.add_row("join them", f"{found.join_seconds:.2f} s")
    shown.add_row("load the table (each worker)", f"{found.load_milliseconds:.1f} ms")
    shown.add_row("look up a new address", f"{found.new_address_us:.2f} µs")
    shown.add_row("look up an address again", f"{found.known_address_us:.2f} µs")
    shown.add_row(f"look up a new user agent ({found.patterns:,} patterns)", f"{found.new_agent_us:.1f} µs")
    console.print(shown)
    told: dict[str, Any] = msgspec.to_builtins(found)
    return told


if __name__ == "__main__":
    run(Console())
