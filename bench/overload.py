"""What is served when more is asked of an upstream than it can do, with the limit on calls at once and without it.

Run as `python -m bench.overload`; it takes less than a minute. The upstream does ten calls at once, each in 50 ms, and
lets all others wait inside it. An answer counts if it comes within a second.
"""

import asyncio
import contextlib
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, Final

import msgspec
import uvloop
from rich.console import Console
from rich.table import Table

from bench.callers import Caller, Issuing, callers, proven
from bench.documents import ACCOUNTS, PAYMENTS, payment
from bench.installation import BASE_PATH, Installation, free_ports, lay_out, start_ringfence
from bench.open_load import Callers, Came, Due, by_chance, percentile
from bench.processes import start, stop, until_answers
from bench.rows import SMALL, authority

AT_ONCE: Final = 10
SECONDS: Final = 0.05
CAPACITY: Final = AT_ONCE / SECONDS
"""Calls a second: few enough that five times as many are no work for two cores."""
DEADLINE: Final = 1.0
LOADS: Final = (0.5, 1.0, 2.0, 5.0)
STEP_SECONDS: Final = 3.0
SETTLE_SECONDS: Final = 1.0
"""Not counted, at the beginning of a step."""
WORKERS: Final = 2
CONNECTIONS: Final = 900
"""More than both workers let wait without the limit: 128 under way and 256 waiting each."""
SHARES: Final = {"test": 0.1, "read": 0.6, "write": 0.2, "payment": 0.1}
TESTER: Final = "tester"
OFF: Final = "off"
ADAPTIVE: Final = "adaptive"
SEED: Final = 40
START_SECONDS: Final = 60.0
TABLE_WIDTH: Final = 150
RESULTS: Final = Path(__file__).with_name("results") / "overload.json"
OK, OVERLOADED_STATUS = 200, 503


class Step(msgspec.Struct, frozen=True):
    """What became of one load."""

    limit: str
    times: float
    """Of the upstream's capacity."""
    offered_per_s: float
    good_per_s: float
    """Answers within the deadline."""
    share_of_peak: float
    p50_ms: float
    p99_ms: float
    """Of the calls that were answered 200, late ones included."""
    late: int
    refused: dict[str, float]
    """Share of the calls of each priority."""
    other: int
    """Neither 200 nor 503, or no connection was left: should be none."""


def judged(limit: str, times: float, came: list[Came], seconds: float) -> Step:
    """Return the figures of one load; its share of the peak is worked out later."""
    answered = [one.seconds for one in came if one.status == OK]
    good = sum(one <= DEADLINE for one in answered)
    asked = Counter(one.kind for one in came)
    refused = Counter(one.kind for one in came if one.status == OVERLOADED_STATUS)
    return Step(
        limit=limit,
        times=times,
        offered_per_s=round(len(came) / seconds, 1),
        good_per_s=round(good / seconds, 1),
        share_of_peak=0.0,
        p50_ms=round(percentile(answered, 0.5) * 1000, 1),
        p99_ms=round(percentile(answered, 0.99) * 1000, 1),
        late=len(answered) - good,
        refused={kind: round(refused[kind] / asked[kind], 3) for kind in SHARES if asked[kind]},
        other=sum(one.status not in {OK, OVERLOADED_STATUS} for one in came),
    )


def with_shares(steps: list[Step]) -> list[Step]:
    """Return the steps with what each reached of the best of all."""
    peak = max(step.good_per_s for step in steps)
    return [msgspec.structs.replace(step, share_of_peak=round(step.good_per_s / peak, 3)) for step in steps]


class _Calls:
    """Makes requests of each priority for one installation."""

    def __init__(self, installed: Installation, partner: Caller, tester: Caller) -> None:
        self._host, self._partner, self._tester = authority(installed), partner, tester
        self._body = msgspec.json.encode(payment(SMALL))

    def request(self, kind: str) -> bytes:
        """Return one request with a fresh proof."""
        who = self._tester if kind == "test" else self._partner
        method, path, body = {
            "write": ("POST", PAYMENTS, self._body),
            "payment": ("GET", "/things-0/x/parts", b""),  # the policy names its priority
        }.get(kind, ("GET", ACCOUNTS, b""))
        (made,) = proven([who], method, self._host, BASE_PATH + path, 1, body)
        return made

    def planned(self, rate: float, seconds: float, chosen: random.Random) -> list[Due]:
        """Return calls of all priorities in their shares."""
        kinds, shares = list(SHARES), list(SHARES.values())
        moments = by_chance(rate, seconds, chosen)
        drawn = chosen.choices(kinds, shares, k=len(moments))
        return [Due(at, kind, self.request(kind)) for at, kind in zip(moments, drawn, strict=True)]


def _lay_out(folder: Path, limit: str, upstream_port: int) -> Installation:
    upstream: dict[str, Any] = {"overload": {"limit": limit, "test_clients": [TESTER]}}
    return lay_out(
        folder,
        upstream_port=upstream_port,
        workers=WORKERS,
        operations=3,
        upstream=upstream,
        demands={"ListParts0": {"priority": "payment"}},
    )


async def _measure(installed: Installation, limit: str, seconds: float, console: Console) -> list[Step]:
    issuing = Issuing(installed.policy, installed.where.signing_key)
    partner, tester = await callers(issuing, ["client", TESTER])
    calls, chosen = _Calls(installed, partner, tester), random.Random(SEED)
    senders = await Callers(installed.public_port).connect(CONNECTIONS)
    await _until_serves(senders, calls)
    steps = []
    try:
        for times in LOADS:
            with console.status(f"limit {limit}: {times:g} × capacity"):
                planned = calls.planned(CAPACITY * times, SETTLE_SECONDS + seconds, chosen)
                came = await senders.make(planned)
            steps.append(judged(limit, times, [one for one in came if one.at >= SETTLE_SECONDS], seconds))
    finally:
        senders.close()
    return steps


async def _until_serves(senders: Callers, calls: _Calls) -> None:
    """Return when both workers take the issuer's tokens.  Raises RuntimeError after `START_SECONDS`."""
    loop = asyncio.get_running_loop()
    until = loop.time() + START_SECONDS
    while True:
        came = await senders.make([Due(0.0, "read", calls.request("read")) for _ in range(2 * WORKERS)])
        if all(one.status == OK for one in came):
            return
        if loop.time() > until:
            raise RuntimeError(f"calls are not answered: {came[0]}")
        await asyncio.sleep(0.1)


def overload_steps(
    folder: Path, ending: contextlib.ExitStack, console: Console, seconds: float = STEP_SECONDS
) -> list[Step]:
    """Start an upstream and two installations, with the limit and without it, and measure each load on each."""
    (port,) = free_ports(1)
    log = folder / "narrow.log"
    command = [sys.executable, "-m", "bench.narrow_upstream", str(port), str(AT_ONCE), str(SECONDS)]
    upstream = start(command, log)
    ending.callback(stop, upstream)
    until_answers([port], upstream, log)
    steps: list[Step] = []
    for limit in (ADAPTIVE, OFF):
        installed = _lay_out(folder / limit, limit, port)
        with console.status(f"starting Ringfence: limit {limit}"):
            running = start_ringfence(installed)
        try:
            steps += uvloop.run(_measure(installed, limit, seconds, console))
        finally:
            stop(running)
    return with_shares(steps)


def show_overload(console: Console, steps: list[Step]) -> None:
    """Print the table."""
    table = Table(
        title=f"An upstream of {CAPACITY:.0f} calls a second, {WORKERS} workers; good is within {DEADLINE:g} s"
    )
    table.add_column("limit", no_wrap=True)
    for name in (
        "× capacity",
        "good/s",
        "of peak",
        "p50 ms",
        "p99 ms",
        "late",
        *(f"{kind} refused" for kind in SHARES),
    ):
        table.add_column(name, justify="right")
    for step in steps:
        shed = [f"{step.refused.get(kind, 0):.0%}" for kind in SHARES]
        numbers = [f"{step.good_per_s:.0f}", f"{step.share_of_peak:.0%}", f"{step.p50_ms:.0f}", f"{step.p99_ms:.0f}"]
        table.add_row(step.limit, f"{step.times:g}", *numbers, str(step.late), *shed)
    console.print(table)
    if any(step.other for step in steps):
        console.print(
            f"Neither answered nor refused: {sum(step.other for step in steps)} calls; the figures mean little."
        )


def main() -> None:
    """Run the bench."""
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="rfbench-") as folder, contextlib.ExitStack() as ending:
        steps = overload_steps(Path(folder), ending, console)
    show_overload(Console(width=TABLE_WIDTH), steps)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(steps)) + b"\n")


if __name__ == "__main__":
    main()
