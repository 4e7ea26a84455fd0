"""Where a gateway worker's time goes: `python -m bench.chain`, one worker in this process, without the edge.

The whole worker runs as in `ringfence up`: its socket, its chain, its shared state, its journal, its way to an upstream.
The caller and the upstream are processes of their own, and cost it nothing. Counted is CPU time, so that others on the
machine disturb little. A step's figure has the cost of looking at the clock in it, and with `--steps` the whole has that
of all the clocks.
"""

import argparse
import asyncio
import contextlib
import cProfile
import functools
import inspect
import pstats
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import msgspec
import uvloop
from rich.console import Console
from rich.table import Table

from bench.callers import Caller, Issuing, callers
from bench.installation import Installation, free_ports, lay_out
from bench.load import Load, keep
from bench.processes import start, stop, until_answers
from bench.rows import LARGE, SMALL, Row, payments, rows
from bench.variants import PLAIN, VARIANTS, Change
from ringfence.app.gateway import spare_the_collector
from ringfence.app.gateway_ports import open_gateway
from ringfence.gateway import connection, forward, pipeline, server
from ringfence.gateway.upstream import UpstreamPool
from ringfence.keys.providers.local import LocalSigner
from ringfence.store import outbox

WARM_SECONDS: Final = 1.0
"""Tokens and keys are remembered then."""
SECONDS: Final = 3.0
MOST_CALLS_A_SECOND: Final = 5000
LEAST_SHOWN_US: Final = 0.5
FUNCTIONS_SHOWN: Final = 60


class Cost(msgspec.Struct, frozen=True):
    """What one kind of call costs a worker, in CPU µs a call."""

    name: str
    calls: int
    loop_us: float
    """In the event loop's thread: all that Python does."""
    threads_us: float
    """In the other threads: bringing the journal to the disk, writing the stream."""


class Clocks:
    """The CPU time of steps by name. What a step waits for, and what other steps take inside it, is not its own."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.ns: Counter[str] = Counter()
        self._inner = [0]

    def put_around(self, module: Any, name: str) -> None:
        """Put a clock around a function of a module, as the module's own code finds it."""
        function = getattr(module, name)
        setattr(
            module, name, self._awaited(function) if inspect.iscoroutinefunction(function) else self._plain(function)
        )

    def _own(self, name: str, work: Callable[[], Any]) -> Any:
        self._inner.append(0)
        began = time.thread_time_ns()
        try:
            return work()
        finally:
            took = time.thread_time_ns() - began
            self.ns[name] += took - self._inner.pop()
            self._inner[-1] += took

    def _plain(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def timed(*arguments: Any, **named: Any) -> Any:
            return self._own(function.__qualname__, lambda: function(*arguments, **named))

        return timed

    def _awaited(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        async def timed(*arguments: Any, **named: Any) -> Any:
            return await _Timed(self._own, function.__qualname__, function(*arguments, **named))

        return timed


class _Timed:
    """A coroutine whose every stretch between two waits is timed."""

    def __init__(self, own: Callable[[str, Callable[[], Any]], Any], name: str, coroutine: Any) -> None:
        self._own, self._name, self._coroutine = own, name, coroutine

    def __await__(self) -> Generator[Any, Any, Any]:
        step: Callable[[], Any] = functools.partial(self._coroutine.send, None)
        while True:
            try:
                waited_for = self._own(self._name, step)
            except StopIteration as end:
                return end.value
            try:
                given = yield waited_for
                step = functools.partial(self._coroutine.send, given)
            except BaseException as why:  # noqa: BLE001 - it is the coroutine's to deal with
                step = functools.partial(self._coroutine.throw, why)


STEPS: Final[tuple[tuple[Any, str], ...]] = (
    *((pipeline, name) for name, one in vars(pipeline).items() if inspect.isfunction(one) and name != "ruleset"),
    (connection, "read_request"),
    (connection, "answer_head"),
    (outbox, "encode"),
    (forward, "_passed_on"),
)
"""What `--steps` puts clocks around: every step that the chain names, and what stands around the chain."""


class Worker:
    """A worker that takes calls, and what they cost it."""

    def __init__(self, installed: Installation, folder: Path, *, asked: bool = False) -> None:
        """Prepare; `serving` starts it. `asked`: it is not called, but asked by `ext_authz`."""
        self._installed, self._file, self._asked = installed, folder / "requests", asked
        self._socket = installed.where.authz_socket(0) if asked else installed.where.gateway_socket(0)

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Serve while the block runs."""
        async with AsyncExitStack() as stack:
            pool = UpstreamPool()
            opened = await open_gateway(self._installed.policy_file, "gateway-0", pool, stack)
            stack.push_async_callback(pool.close)
            spare_the_collector()
            handler = opened.authz if self._asked else opened.gateway
            if handler is None:
                raise RuntimeError("ext_authz is off in the policy")
            over = asyncio.Event()
            serving = asyncio.create_task(server.serve(handler, self._socket, over, 1.0))
            try:
                yield
            finally:
                over.set()
                await serving

    def prepare(self, row: Row, seconds: float) -> None:
        """Make a row's requests for some seconds, as the edge would pass them on."""
        fields = b"\r\nx-ringfence-peer: 127.0.0.1\r\nx-ringfence-listener: public\r\n"
        made = row.requests(self._installed, int((seconds + 0.5) * MOST_CALLS_A_SECOND))
        keep((request.replace(b"\r\n", fields, 1) for request in made), self._file)

    async def cost(self, name: str, seconds: float) -> Cost:
        """Send what was prepared and return what it cost.  Raises RuntimeError for a refused call."""
        loop, whole = time.thread_time_ns(), time.process_time_ns()
        command = ["-m", "bench.client", str(self._socket), str(self._file), str(seconds)]
        client = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=asyncio.subprocess.PIPE)
        said, _ = await client.communicate()
        loop, whole = time.thread_time_ns() - loop, time.process_time_ns() - whole
        load = msgspec.json.decode(said, type=Load)
        if load.refused or load.broken or not load.calls:
            raise RuntimeError(f"{name}: {load.calls} calls, {load.refused} refused, {load.broken} broken")
        per = 1000 * load.calls
        return Cost(name, load.calls, round(loop / per, 1), round((whole - loop) / per, 1))


def calls(who: list[Caller]) -> list[Row]:
    """Return the rows that have a proof each."""
    reads, *_ = rows(lambda _: who, lambda _: "")
    small, large = (
        Row(f"POST payment {size / 1000:.1f} KB, DPoP", payments(size, lambda _: who)) for size in (SMALL, LARGE)
    )
    return [reads, small, large]


async def _measure(worker: Worker, wanted: list[Row], arguments: argparse.Namespace, console: Console) -> None:
    clocks = Clocks()
    if arguments.steps:
        for module, name in STEPS:
            clocks.put_around(module, name)
    async with worker.serving():
        for row in wanted:
            worker.prepare(row, WARM_SECONDS)
            await worker.cost(row.name, WARM_SECONDS)
            worker.prepare(row, arguments.seconds)
            clocks.ns.clear()
            profile = cProfile.Profile() if arguments.profile else contextlib.nullcontext()
            with profile:
                cost = await worker.cost(row.name, arguments.seconds)
            console.print(
                f"{cost.name}: {cost.loop_us:.0f} µs in the loop, {cost.threads_us:.0f} in threads, {cost.calls} calls"
            )
            _show_steps(clocks, cost, console)
            if isinstance(profile, cProfile.Profile):
                pstats.Stats(profile, stream=sys.stdout).sort_stats("tottime").print_stats(FUNCTIONS_SHOWN)


def _show_steps(clocks: Clocks, cost: Cost, console: Console) -> None:
    table = Table("step", "CPU µs a call")
    for name, ns in clocks.ns.most_common():
        if ns / cost.calls / 1000 >= LEAST_SHOWN_US:
            table.add_row(name, f"{ns / cost.calls / 1000:.1f}")
    if table.rows:
        console.print(table)


@contextlib.contextmanager
def an_installation(change: Change) -> Iterator[tuple[Installation, list[Caller], Path]]:
    """Give an installation for one worker, its upstream running, its keys published; its caller; and the folder."""
    with tempfile.TemporaryDirectory(prefix="rfchain-") as place, contextlib.ExitStack() as ending:
        folder = Path(place)
        (port,) = free_ports(1)
        upstream = start([sys.executable, "-m", "bench.upstream", str(port)], folder / "upstream.log")
        ending.callback(stop, upstream)
        until_answers([port], upstream, folder / "upstream.log")
        installed = lay_out(folder / "one", upstream_port=port, workers=1, operations=2, change=change)
        where = installed.where
        where.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        where.jwks.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        where.jwks.write_bytes(msgspec.json.encode(LocalSigner.load(where.signing_key).public_jwks()))
        who = asyncio.run(callers(Issuing(installed.policy, where.signing_key), ["client"]))
        yield installed, who, folder


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description="Where a gateway worker's time goes.")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each kind of call (3)")
    parser.add_argument("--only", default="", help="kinds of call whose name has this in it")
    parser.add_argument("--steps", action="store_true", help="by steps of the chain")
    parser.add_argument("--profile", action="store_true", help="by functions, as cProfile sees them")
    arguments = parser.parse_args()
    with an_installation(VARIANTS[PLAIN]) as (installed, who, folder):
        wanted = [row for row in calls(who) if arguments.only in row.name]
        uvloop.run(_measure(Worker(installed, folder), wanted, arguments, Console()))


if __name__ == "__main__":
    main()
