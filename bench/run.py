"""`make bench`: what a call through Ringfence costs, against Envoy alone, in one run, taking turns.

And what the authorization server costs, against the bare cryptography that each request needs (`bench.authorization`);
what a payment costs by what a policy demands of it and by the way in (`bench.ways`); and how long it takes from an event
to the response (`bench.respond`).

Prints tables and writes `bench/results/latest.json`. `--quick` takes three minutes and is less exact.
"""

import argparse
import asyncio
import contextlib
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.table import Table

from bench.authorization import Figures as AuthorizationFigures
from bench.authorization import authorization_rows, show_authorization
from bench.callers import Caller, Issuing, callers
from bench.detection import QUICK
from bench.detection import run as detection
from bench.installation import (
    Installation,
    fill_buckets,
    free_ports,
    lay_out,
    start_envoy_alone,
    start_ringfence,
)
from bench.intelligence import run as intelligence
from bench.measure import RESERVE, Figures, Run, Running, measure, middle
from bench.overload import STEP_SECONDS, overload_steps, show_overload
from bench.processes import cost, start, stop, until_answers
from bench.respond import run as respond
from bench.rows import SMALL, Row, by_certificate, payments, rows
from bench.screening import run as screening
from bench.ways import run as ways

RESULTS = Path(__file__).with_name("results") / "latest.json"
FIRST_GUESS = 5000
"""Calls a second that the first run may reach; each later one is prepared for 1.5 times the one before."""
LEAST_GUESS = 2500
"""But no later one for fewer: a warm-up that others slowed down says little of the rounds after it."""
START_SECONDS = 60.0
QUIET_LOAD = 0.7
"""Load average above which somebody else's work is in the figures."""
TABLE_WIDTH = 120
MANY_OPERATIONS = 500
LIVE_CLIENTS = 100_000
CALLING_CLIENTS = 1000
"""How many of the live clients call during the run, in turn."""


class Settings(msgspec.Struct, frozen=True):
    """How long, how often, on how many workers."""

    seconds: float
    rounds: int
    workers: int
    quick: bool = False


class Bench:
    """Everything that runs during the bench, and how it is measured."""

    def __init__(self, settings: Settings, folder: Path, console: Console, ending: contextlib.ExitStack) -> None:
        """Start the upstream, whose cost is nobody's, and Envoy alone."""
        self._settings, self._folder, self._console, self._ending = settings, folder, console, ending
        self._who: dict[str, list[Caller]] = {}
        self._certificate_tokens: dict[str, str] = {}
        self._rates: dict[tuple[str, str], float] = {}
        (self._upstream_port,) = free_ports(1)
        alone = self.lay_out("envoy", operations=2, clients=["client"])
        log = folder / "upstream.log"
        upstream = start([sys.executable, "-m", "bench.upstream", str(self._upstream_port)], log)
        ending.callback(stop, upstream)
        until_answers([self._upstream_port], upstream, log)
        envoy = start_envoy_alone(alone, self._upstream_port)
        ending.callback(stop, envoy)
        self.envoy = Running("Envoy alone", alone, envoy.pid, refuses=False)

    def lay_out(self, name: str, *, operations: int, clients: list[str]) -> Installation:
        """Write an installation, and make its callers."""
        installed = lay_out(
            self._folder / name,
            upstream_port=self._upstream_port,
            workers=self._settings.workers,
            operations=operations,
        )
        issuing = Issuing(installed.policy, installed.where.signing_key)
        self._who[name] = asyncio.run(callers(issuing, clients))
        token = asyncio.run(issuing.certificate_token(clients[0], installed.client_certificate.read_bytes()))
        self._certificate_tokens[name] = token
        return installed

    def ringfence(self, name: str, installed: Installation) -> Running:
        """Start Ringfence."""
        with self._console.status(f"starting Ringfence: {name}"):
            process = start_ringfence(installed)
            self._ending.callback(stop, process)
            running = Running(name, installed, process.pid, refuses=True)
            self._until_serves(running)
        return running

    def _until_serves(self, on: Running) -> None:
        """Return when every worker takes the issuer's tokens.  Raises RuntimeError after `START_SECONDS`."""
        deadline = time.monotonic() + START_SECONDS
        row = by_certificate(self.certificate_token)
        while True:
            try:
                measure(row, on, 0.1, 1, self._folder / "requests")
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise
            else:
                return

    def who(self, installed: Installation) -> list[Caller]:
        """Return the callers of an installation."""
        return self._who[installed.folder.name]

    def certificate_token(self, installed: Installation) -> str:
        """Return its token that is bound to the client certificate."""
        return self._certificate_tokens[installed.folder.name]

    def take_turns(self, pairs: list[tuple[Row, Running]]) -> list[list[Run]]:
        """Measure each pair once to warm up, and then in turns; return each one's runs."""
        results: list[list[Run]] = [[] for _ in pairs]
        scratch = self._folder / "requests"
        for number in range(self._settings.rounds + 1):
            seconds = self._settings.seconds if number else 1.0
            for (row, on), runs in zip(pairs, results, strict=True):
                if not number and not on.refuses:
                    continue  # Envoy remembers nothing between calls
                rate = max(self._rates.get((row.name, on.name), FIRST_GUESS), LEAST_GUESS)
                count = int(rate * RESERVE * (seconds + 0.5)) if on.refuses else 500
                title = "warming up" if not number else f"round {number} of {self._settings.rounds}"
                with self._console.status(f"{title}: {on.name}, {row.name}"):
                    run = measure(row, on, seconds, count, scratch)
                self._rates[(row.name, on.name)] = run.calls_per_s
                if number:
                    runs.append(run)
        return results


def main_rows(bench: Bench, ringfence: Running) -> list[Figures]:
    """Return each row on Envoy alone and on Ringfence."""
    wanted = rows(bench.who, bench.certificate_token)
    pairs = [(row, on) for row in wanted for on in (bench.envoy, ringfence)]
    results = bench.take_turns(pairs)
    figures = []
    for row, alone, ours in zip(wanted, results[::2], results[1::2], strict=True):
        envoy = middle(f"Envoy alone: {row.name}", alone)
        figures += [envoy, middle(row.name, ours, envoy.cpu_us_per_call)]
    return figures


def growth_rows(bench: Bench, ringfence: Running, envoy_us: float) -> list[Figures]:
    """Return what the same payment costs as the policy and the number of clients grow."""
    row = Row("POST payment 0.6 KB", payments(SMALL, bench.who))
    many = bench.lay_out("operations", operations=MANY_OPERATIONS, clients=["client"])
    ids = [f"client-{number:06d}" for number in range(LIVE_CLIENTS)]
    crowd = bench.lay_out("clients", operations=2, clients=ids[:: LIVE_CLIENTS // CALLING_CLIENTS])
    fill_buckets(crowd, ids)
    variants = [
        ("2 operations, 1 client", ringfence),
        (f"{MANY_OPERATIONS} operations", bench.ringfence("500 operations", many)),
        (f"{LIVE_CLIENTS:,} live clients, {CALLING_CLIENTS:,} calling", bench.ringfence("live clients", crowd)),
    ]
    results = bench.take_turns([(row, on) for _, on in variants])
    return [middle(f"{row.name}: {name}", runs, envoy_us) for (name, _), runs in zip(variants, results, strict=True)]


def worker_memory(running: Running) -> float:
    """Return the resident memory of the largest gateway worker, in MB."""
    resident = cost(running.pid).resident_mb
    return max(mb for name, mb in resident.items() if name.startswith("gateway"))


def show(console: Console, figures: list[Figures], memory: float, settings: Settings) -> None:
    """Print the table."""
    table = Table(title=f"{settings.workers} workers, Python {platform.python_version()}, {os.cpu_count()} CPUs")
    table.add_column("call", no_wrap=True)
    for name in ("calls/s", "CPU µs a call", "p50 ms", "p99 ms", "× Envoy"):
        table.add_column(name, justify="right")
    for one in figures:
        numbers = [f"{one.calls_per_s:,.0f}", f"{one.cpu_us_per_call:.0f}", f"{one.p50_ms:.2f}", f"{one.p99_ms:.2f}"]
        style = "dim" if one.name.startswith("Envoy") else ""
        table.add_row(one.name, *numbers, f"{one.ratio_to_envoy:.2f}", style=style)
    console.print(table)
    console.print(f"CPU time is that of all our processes; memory of a gateway worker: {memory:.0f} MB.")


@contextlib.contextmanager
def scratch_folder(console: Console) -> Iterator[Path]:
    """A folder for the run; it stays, and is named, when something fails."""
    folder = Path(tempfile.mkdtemp(prefix="rfbench-"))
    try:
        yield folder
    except BaseException:
        console.print(f"The logs are in {folder}.")
        raise
    shutil.rmtree(folder)


def _calls(settings: Settings, console: Console, table: Console) -> list[Figures]:
    with scratch_folder(console) as folder, contextlib.ExitStack() as ending:
        bench = Bench(settings, folder, console, ending)
        ringfence = bench.ringfence("Ringfence", bench.lay_out("ringfence", operations=2, clients=["client"]))
        figures = main_rows(bench, ringfence)
        memory = worker_memory(ringfence)
        envoy_us = next(one.cpu_us_per_call for one in figures if one.name == "Envoy alone: POST payment 0.6 KB, DPoP")
        figures += growth_rows(bench, ringfence, envoy_us)
    show(table, figures, memory, settings)
    return figures


def _authorization(settings: Settings, console: Console, table: Console) -> list[AuthorizationFigures]:
    with scratch_folder(console) as folder, contextlib.ExitStack() as ending:
        figures = authorization_rows(folder, ending, console, settings.seconds, settings.rounds)
    show_authorization(table, figures)
    return figures


def _overload(settings: Settings, console: Console, table: Console) -> Any:
    with scratch_folder(console) as folder, contextlib.ExitStack() as ending:
        steps = overload_steps(folder, ending, console, 1.5 if settings.quick else STEP_SECONDS)
    show_overload(table, steps)
    return steps


PARTS: Final[Mapping[str, Callable[[Settings, Console, Console], Any]]] = {
    "rows": _calls,
    "authorization": _authorization,
    "overload": _overload,
    "ways": lambda settings, _, table: ways(table, *((1.0, 1) if settings.quick else (2.0, 2))),
    "responses": lambda settings, _, table: respond(table, 20 if settings.quick else 100),
    "screening": lambda _, __, table: screening(table),
    "intelligence": lambda _, __, table: intelligence(table),
    "detection": lambda settings, _, table: detection(table, QUICK if settings.quick else None),
}
"""By their member in `latest.json`."""


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description="Measure Ringfence against Envoy alone.")
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--workers", type=int, default=2, help="gateway workers (2)")
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=tuple(PARTS), help="parts; the others' results stay"
    )
    arguments = parser.parse_args()
    settings = Settings(*((1.0, 1) if arguments.quick else (3.0, 3)), arguments.workers, quick=arguments.quick)
    console, table = Console(stderr=True), Console(width=TABLE_WIDTH)
    busy = os.getloadavg()[0]
    if busy > QUIET_LOAD:
        console.print(f"This machine is busy (load {busy:.1f}): the figures will be worse than they are.")
    for name in arguments.only:
        console.print(f"measuring {name}", style="dim")
        found = PARTS[name](settings, console, table)
        RESULTS.parent.mkdir(exist_ok=True)
        results = msgspec.json.decode(RESULTS.read_bytes()) if RESULTS.exists() else {}
        RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode({**results, name: found})) + b"\n")


if __name__ == "__main__":
    main()
