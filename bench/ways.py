"""What a payment costs a worker by what the policy demands of it and by the way in: `python -m bench.ways`.

Each is measured as `bench.chain` does, in a process of its own, and held against the plain payment of the same run.
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, Final

import msgspec
import uvloop
from rich.console import Console
from rich.table import Table

from bench.callers import Caller, proven
from bench.chain import WARM_SECONDS, Cost, Worker, an_installation
from bench.documents import PAYMENTS, payment
from bench.installation import BASE_PATH, Installation
from bench.load import CONNECTIONS
from bench.rows import SMALL, Row, authority, payments
from bench.variants import ASGI, EXT_AUTHZ, PLAIN, VARIANTS
from ringfence.app.gateway import spare_the_collector
from ringfence.app.middleware import Ringfence

SECONDS: Final = 2.0
ROUNDS: Final = 2
DEADLINE_SECONDS: Final = 60.0
ASGI_CALLS: Final = 2000
OK: Final = 200


class Way(msgspec.Struct, frozen=True):
    """One row."""

    name: str
    cpu_us_per_call: float
    more_us: float
    """Than the plain payment."""


async def _application(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
    """Answers as `bench.upstream` does."""
    del receive
    if scope["type"] == "lifespan":
        raise RuntimeError("none here")
    await send({"type": "http.response.start", "status": OK, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": b'{"Data":{"Account":[]},"Meta":{"TotalPages":1}}'})


async def _wrapped(installed: Installation, who: list[Caller], calls: int) -> Cost:
    """Return what a call costs that is made to the middleware as a server would."""
    app = Ringfence(_application, policy=installed.policy_file)
    told, asked = asyncio.Event(), asyncio.Queue[MutableMapping[str, Any]]()

    async def hear(message: MutableMapping[str, Any]) -> None:
        if not message["type"].endswith(".complete"):
            raise RuntimeError(str(message))
        told.set()

    life = asyncio.create_task(app({"type": "lifespan", "state": {}}, asked.get, hear))
    await asked.put({"type": "lifespan.startup"})
    await told.wait()
    spare_the_collector()
    requests = [_scope(one) for one in _payments(installed, who, calls)]

    async def caller(first: int) -> None:
        for scope, body in requests[first::CONNECTIONS]:
            await _call(app, scope, body)

    loop, whole = time.thread_time_ns(), time.process_time_ns()
    await asyncio.gather(*(caller(number) for number in range(CONNECTIONS)))
    loop, whole = time.thread_time_ns() - loop, time.process_time_ns() - whole
    await asked.put({"type": "lifespan.shutdown"})
    await life
    return Cost(ASGI, calls, round(loop / calls / 1000, 1), round((whole - loop) / calls / 1000, 1))


def _payments(installed: Installation, who: list[Caller], count: int) -> list[bytes]:
    body = msgspec.json.encode(payment(SMALL))
    return list(proven(who, "POST", authority(installed), BASE_PATH + PAYMENTS, count, body))


def _scope(request: bytes) -> tuple[dict[str, Any], bytes]:
    """Return a request as ASGI servers tell it."""
    head, _, body = request.partition(b"\r\n\r\n")
    line, *lines = head.split(b"\r\n")
    fields = [(name, value) for name, _, value in (one.partition(b": ") for one in lines)]
    target = line.split(b" ")[1]
    scope = {"type": "http", "method": "POST", "scheme": "https", "raw_path": target, "path": target.decode()}
    return {**scope, "query_string": b"", "headers": fields, "client": ("127.0.0.1", 1), "extensions": {}}, body


async def _call(app: Ringfence, scope: dict[str, Any], body: bytes) -> None:
    left = [{"type": "http.request", "body": body, "more_body": False}]
    statuses = []

    async def receive() -> dict[str, Any]:
        if left:
            return left.pop()
        await asyncio.Event().wait()  # the client stays
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        statuses.append(message.get("status", OK))

    await app(scope, receive, send)
    if set(statuses) != {OK}:
        raise RuntimeError(f"answered {statuses}")


def measured(name: str, seconds: float) -> Cost:
    """Measure one variant in this process, once.  Raises RuntimeError for a refused call."""
    with an_installation(VARIANTS[name]) as (installed, who, folder):
        if name == ASGI:
            return uvloop.run(_wrapped(installed, who, int(ASGI_CALLS * seconds)))
        row = Row(name, payments(SMALL, lambda _: who))
        return uvloop.run(_worker(installed, row, folder, seconds, asked=name == EXT_AUTHZ))


async def _worker(installed: Installation, row: Row, folder: Path, seconds: float, *, asked: bool) -> Cost:
    worker = Worker(installed, folder, asked=asked)
    async with worker.serving():
        worker.prepare(row, WARM_SECONDS)
        await worker.cost(row.name, WARM_SECONDS)
        worker.prepare(row, seconds)
        return await worker.cost(row.name, seconds)


def run(console: Console, seconds: float = SECONDS, rounds: int = ROUNDS) -> list[Way]:
    """Measure every variant in turns, print the medians and return them."""
    costs: dict[str, list[float]] = {name: [] for name in VARIANTS}
    for _ in range(rounds):
        for name, found in costs.items():
            command = [sys.executable, "-m", "bench.ways", "--one", name, "--seconds", str(seconds)]
            ran = subprocess.run(command, capture_output=True, check=False, timeout=DEADLINE_SECONDS + seconds)
            if ran.returncode:
                raise RuntimeError(f"{name}: {ran.stderr.decode()[-2000:]}")
            cost = msgspec.json.decode(ran.stdout.splitlines()[-1], type=Cost)
            found.append(cost.loop_us + cost.threads_us)
    middles = {name: statistics.median(found) for name, found in costs.items()}
    ways = [Way(name, round(us, 1), round(us - middles[PLAIN], 1)) for name, us in middles.items()]
    table = Table(
        "a payment of 0.6 KB", "CPU µs of its worker", "more", title="By what the policy demands, and by the way in"
    )
    for way in ways:
        table.add_row(way.name, f"{way.cpu_us_per_call:.0f}", f"{way.more_us:+.0f}")
    console.print(table)
    return ways


def main() -> None:
    """Measure all, or the one that is named."""
    parser = argparse.ArgumentParser(description="Measure what demands and ways in cost.")
    parser.add_argument("--one", choices=VARIANTS, help="in this process, and print it as JSON")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each (2)")
    arguments = parser.parse_args()
    if arguments.one is None:
        run(Console(), arguments.seconds)
    else:
        sys.stdout.write(msgspec.json.encode(measured(arguments.one, arguments.seconds)).decode() + "\n")


if __name__ == "__main__":
    main()
