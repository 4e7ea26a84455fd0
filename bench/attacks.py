"""What other callers feel while somebody attacks, and what becomes of the attack.

Run as `python -m bench.attacks`; it takes some three minutes. Reads with a fresh proof each go on at fifty a second,
by their own clock, while each attack runs against the same edge and workers.
"""

import asyncio
import contextlib
import gzip
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec
import uvloop
from rich.console import Console
from rich.table import Table

from bench.attackers import SLOW_CONNECTIONS, Fate
from bench.callers import Caller, Issuing, callers, message, proven
from bench.documents import ACCOUNTS, PAYMENTS, payment
from bench.installation import BASE_PATH, Installation, free_ports, lay_out, start_ringfence
from bench.load import keep
from bench.open_load import Callers, Due, by_chance, percentile
from bench.processes import cost, start, stop, until_answers
from bench.rows import SMALL, authority

A_SECOND: Final = 50.0
CONNECTIONS: Final = 50
SECONDS: Final = 5.0
LONGER: Final = {"slow heads": 13.0, "silent connections": 13.0, "slow bodies": 33.0}
"""Until the edge or the worker has ended them: 10, 10 and 30 s."""
BLOWS: Final = 250
LARGEST: Final = 60_000
"""Bytes of a body: just below what an operation takes unless its policy says otherwise."""
WORKERS: Final = 2
START_SECONDS: Final = 60.0
OK: Final = 200
SEED: Final = 41
TABLE_WIDTH: Final = 140
RESULTS: Final = Path(__file__).with_name("results") / "attacks.json"
MERSENNE: Final = 2**61 - 1
"""Whole numbers that differ by this have the same hash in CPython."""


class Felt(msgspec.Struct, frozen=True):
    """One attack: what others felt, and what became of it."""

    attack: str
    calls: int
    failed: int
    """Calls of others that were not answered 200."""
    p50_ms: float
    p99_ms: float
    more_mb: dict[str, float]
    """What the edge and a worker hold more than before, in MB, while it lasts."""
    fate: Fate | None = None


def colliding(count: int) -> bytes:
    """Return an object whose names have one hash in servers that do not draw a key for it: `Aa` and `BB` in Java's."""
    names = ["".join("Aa" if number >> bit & 1 else "BB" for bit in range(12)) for number in range(count)]
    return msgspec.json.encode(dict.fromkeys(names, 1))


BODIES: Final[dict[str, Callable[[], bytes]]] = {
    "compressed bombs": lambda: gzip.compress(b" " * 50_000_000)[:LARGEST],
    "deep nesting": lambda: b"[" * (LARGEST // 2) + b"]" * (LARGEST // 2),
    "colliding names": lambda: colliding(2_000),
    "colliding numbers": lambda: msgspec.json.encode({"n": [MERSENNE * n for n in range(1, 2_500)]}),
    "large bodies": lambda: b"{" + b" " * 1_000_000 + b"}",
}


def blows(kind: str, host: str, who: list[Caller]) -> Iterator[bytes]:
    """Yield the requests of an attack whose single requests are the blow."""
    path = BASE_PATH + PAYMENTS
    if kind in BODIES:
        for request in proven(who, "POST", host, path, BLOWS, BODIES[kind]()):
            coded = b"content-encoding: gzip\r\nauthorization:" if kind == "compressed bombs" else b"authorization:"
            yield request.replace(b"authorization:", coded, 1)
    elif kind == "large heads":
        fields = {f"x-{number}": "a" * 6_000 for number in range(9)}
        for _ in range(BLOWS):
            yield message("GET", host, BASE_PATH + ACCOUNTS, fields)
    elif kind == "slow bodies":
        yield from proven(who, "POST", host, path, SLOW_CONNECTIONS, msgspec.json.encode(payment(SMALL)))


ATTACKS: Final = (
    "slow heads",
    "slow bodies",
    "silent connections",
    "compressed bombs",
    "deep nesting",
    "colliding names",
    "colliding numbers",
    "large heads",
    "large bodies",
    "rapid resets",
    "endless heads",
    "idle connections",
)


class _Others:
    """The callers who only want to be served."""

    def __init__(self, installed: Installation, who: list[Caller], senders: Callers) -> None:
        self._host, self._who, self._senders = authority(installed), who, senders
        self._chosen = random.Random(SEED)

    def _planned(self, seconds: float) -> list[Due]:
        moments = by_chance(A_SECOND, seconds, self._chosen)
        requests = proven(self._who, "GET", self._host, BASE_PATH + ACCOUNTS, len(moments))
        return [Due(at, "read", request) for at, request in zip(moments, requests, strict=True)]

    async def felt(self, attack: str, seconds: float) -> Felt:
        """Call for some seconds and return how that was."""
        came = await self._senders.make(self._planned(seconds))
        took = [one.seconds for one in came if one.status == OK]
        failed = len(came) - len(took)
        p50, p99 = (round(percentile(took, share) * 1000, 1) for share in (0.5, 0.99))
        return Felt(attack, len(came), failed, p50, p99, {})

    async def until_served(self) -> None:
        """Return when both workers take the issuer's tokens.  Raises RuntimeError after `START_SECONDS`."""
        until = time.monotonic() + START_SECONDS
        while (await self.felt("", 0.5)).failed:
            if time.monotonic() > until:
                raise RuntimeError("calls are not answered")


def _held(pid: int) -> dict[str, float]:
    """Return the resident memory of the edge and of the largest gateway worker, in MB."""
    resident = cost(pid).resident_mb
    return {
        "edge": max((mb for name, mb in resident.items() if name == "envoy"), default=0.0),
        "worker": max((mb for name, mb in resident.items() if name.startswith("gateway")), default=0.0),
    }


async def _measure(installed: Installation, pid: int, folder: Path, console: Console) -> list[Felt]:
    issuing = Issuing(installed.policy, installed.where.signing_key)
    partner, attacker = await callers(issuing, ["client", "attacker"])
    senders = await Callers(installed.public_port).connect(CONNECTIONS)
    others = _Others(installed, [partner], senders)
    await others.until_served()
    rows = [await others.felt("none", SECONDS)]
    file = folder / "requests"
    for attack in ATTACKS:
        keep(blows(attack, authority(installed), [attacker]), file)
        seconds = LONGER.get(attack, SECONDS)
        before = _held(pid)
        with console.status(f"attack: {attack}"):
            command = [
                sys.executable,
                "-m",
                "bench.attackers",
                attack,
                str(installed.public_port),
                str(seconds),
                str(file),
            ]
            attacking = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
            assert attacking.stdout is not None
            await attacking.stdout.readline()
            row = await others.felt(attack, SECONDS)
            more = {name: round(mb - before[name], 1) for name, mb in _held(pid).items()}
            fate = msgspec.json.decode(await attacking.stdout.readline(), type=Fate)
            await attacking.wait()
        rows.append(msgspec.structs.replace(row, more_mb=more, fate=fate))
    rows.append(await others.felt("none, afterwards", SECONDS))
    senders.close()
    return rows


def attack_rows(folder: Path, ending: contextlib.ExitStack, console: Console) -> list[Felt]:
    """Start everything and try each attack."""
    (port,) = free_ports(1)
    log = folder / "upstream.log"
    upstream = start([sys.executable, "-m", "bench.upstream", str(port)], log)
    ending.callback(stop, upstream)
    until_answers([port], upstream, log)
    installed = lay_out(folder / "attacked", upstream_port=port, workers=WORKERS, operations=2)
    with console.status("starting Ringfence"):
        running = start_ringfence(installed)
    ending.callback(stop, running)
    return uvloop.run(_measure(installed, running.pid, folder, console))


def show_attacks(console: Console, rows: list[Felt]) -> None:
    """Print the table."""
    table = Table(title=f"{A_SECOND:.0f} reads a second of others, while …")
    table.add_column("attack", no_wrap=True)
    for name in ("p50 ms", "p99 ms", "failed", "edge +MB", "worker +MB", "made", "ended after s"):
        table.add_column(name, justify="right")
    table.add_column("answers")
    for row in rows:
        fate = row.fate or Fate()
        numbers = [f"{row.p50_ms:.1f}", f"{row.p99_ms:.1f}", str(row.failed)]
        numbers += [f"{row.more_mb.get(name, 0):.0f}" for name in ("edge", "worker")]
        numbers += [str(fate.made or ""), f"{fate.last_end_s:.1f}" if fate.last_end_s else ""]
        table.add_row(row.attack, *numbers, ", ".join(f"{what} × {count}" for what, count in fate.answers.items()))
    console.print(table)


def main() -> None:
    """Run the bench."""
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="rfbench-") as folder, contextlib.ExitStack() as ending:
        rows = attack_rows(Path(folder), ending, console)
    show_attacks(Console(width=TABLE_WIDTH), rows)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(rows)) + b"\n")


if __name__ == "__main__":
    main()
