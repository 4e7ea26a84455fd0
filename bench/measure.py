"""Measure a row on an installation: CPU time of all its processes, calls, latencies."""

import statistics
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench.installation import Installation
from bench.load import keep, send
from bench.processes import cost
from bench.rows import Row

RESERVE = 1.5
"""How many more requests are made than the last run used: a proof is good once."""


class Running(msgspec.Struct, frozen=True):
    """Something that takes calls."""

    name: str
    installed: Installation
    pid: int
    refuses: bool
    """Ringfence judges a call; Envoy alone passes everything on."""


class Figures(msgspec.Struct, frozen=True):
    """One row's figures, as they stand in `latest.json`."""

    name: str
    calls_per_s: float
    cpu_us_per_call: float
    p50_ms: float
    p99_ms: float
    ratio_to_envoy: float


class Run(msgspec.Struct, frozen=True):
    """One measurement."""

    calls_per_s: float
    cpu_us: float
    p50_ms: float
    p99_ms: float


def measure(row: Row, on: Running, seconds: float, count: int, scratch: Path) -> Run:
    """Send the row's calls for some seconds and return what they cost.

    Args:
        row: which calls.
        on: what is measured.
        seconds: how long.
        count: how many requests to make beforehand.
        scratch: a file for them.

    Raises:
        RuntimeError: an answer was not what the row is about, so that the figures would mean something else.
    """
    keep(row.requests(on.installed, count), scratch)
    before = cost(on.pid).cpu_us
    load = send(row.target(on.installed), scratch, seconds)
    spent = cost(on.pid).cpu_us - before
    expected = load.calls if on.refuses and row.is_refused else 0
    if load.refused != expected or load.broken or not load.calls:
        raise RuntimeError(
            f"{on.name}, {row.name}: {load.calls} calls, {load.refused} refused (expected {expected}),"
            f" {load.broken} broken; see the logs in {on.installed.folder}"
        )
    return Run(load.calls / load.us * 1e6, spent / load.calls, load.p50_us / 1000, load.p99_us / 1000)


def middle(name: str, runs: Sequence[Run], envoy_us: float | None = None) -> Figures:
    """Return the medians of some runs; the ratio is to `envoy_us`, or 1 for Envoy itself."""
    cpu = statistics.median(run.cpu_us for run in runs)
    return Figures(
        name=name,
        calls_per_s=round(statistics.median(run.calls_per_s for run in runs), 1),
        cpu_us_per_call=round(cpu, 1),
        p50_ms=round(statistics.median(run.p50_ms for run in runs), 3),
        p99_ms=round(statistics.median(run.p99_ms for run in runs), 3),
        ratio_to_envoy=round(cpu / (envoy_us or cpu), 2),
    )
