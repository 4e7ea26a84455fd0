"""`python -m bench.audit`: what the audit log costs: appending, waiting for the disk, proving, verifying.

Prints a table and writes `bench/results/audit.json`. Real files, real flushes; run it on the disk that counts.
"""

import argparse
import asyncio
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from rich.console import Console
from rich.progress import track
from rich.table import Table

from ringfence.audit.bundle import prove
from ringfence.audit.log import PERSONS, AuditLog
from ringfence.audit.merkle import Frontier, leaf_hash
from ringfence.audit.note import ED25519, Checkpoint, Note, NoteKey, message, signed
from ringfence.audit.persons import Persons
from ringfence.audit.receipt import ReceiptKey
from ringfence.audit.receipt import write as write_receipt
from ringfence.audit.verify import Trust, verify
from ringfence.clock import Instant, system_clock
from ringfence.events import encode
from ringfence.events.calls import CallDecided
from ringfence.ids import new_correlation_id, system_random
from ringfence.keys.sealing import Sealer
from ringfence.store.embedded.sqlite_events import SqliteEvents, placed
from ringfence.store.interface import StoredEvent
from ringfence.store.outbox import Outbox

RESULTS = Path(__file__).with_name("results") / "audit.json"
BATCH = 1000
PEOPLE = 5000
ORIGIN = "bench.example/audit"


class Row(msgspec.Struct, frozen=True):
    """One figure."""

    name: str
    value: float
    unit: str


def call(number: int) -> CallDecided:
    """Return an event as a payment leaves it: some 600 bytes."""
    return CallDecided(
        at=system_clock(), correlation=new_correlation_id(system_random), trace="0" * 32, allowed=True, status=201,
        method="POST", path="/open-banking/v4.0/pisp/domestic-payments", api="payments", version="v4",
        operation="CreateDomesticPayments", client=f"client_{number % 50:026d}", user=f"user_{number % PEOPLE:026d}",
        grant=f"grant_{number % PEOPLE:026d}", network="192.0.2.7", micros=1800, upstream_micros=900, request_bytes=612,
    )  # fmt: skip


def batch(first: int, at: int) -> list[StoredEvent]:
    """Return a batch as the stream gives it."""
    lines = [encode(call(first + n)) for n in range(BATCH)]
    upto = at + sum(len(line) + 1 for line in lines)
    rows = placed(lines, "gateway_0-00000001-bench.journal", upto)
    return [StoredEvent(first + n + 1, *row) for n, row in enumerate(rows)]


def times(what: Callable[[], object], count: int) -> list[float]:
    """Return how long each of `count` runs took, in seconds."""
    found = []
    for _ in range(count):
        started = time.perf_counter()
        what()
        found.append(time.perf_counter() - started)
    return found


def p99(values: list[float]) -> float:
    """Return the 99th percentile."""
    return statistics.quantiles(values, n=100)[98]


def appending(folder: Path, entries: int) -> tuple[list[Row], AuditLog, Persons]:
    """Measure appending in batches of a thousand, each on the disk before the next."""
    folder.mkdir()
    persons = Persons(folder / PERSONS, Sealer(bytes(32), system_random), system_random)
    log = AuditLog(folder, persons, system_random)
    took, at = [], 0
    for first in track(range(0, entries, BATCH), "appending", transient=True):
        events = batch(first, at)
        at = events[-1].offset + len(events[-1].data) + 1
        started = time.perf_counter()
        log.append(events, Instant(system_clock()))
        took.append(time.perf_counter() - started)
    single = []
    for number in range(100):
        (event, *_) = batch(entries + number, at)
        at = event.offset + len(event.data) + 1
        started = time.perf_counter()
        log.append([event], Instant(system_clock()))
        single.append(time.perf_counter() - started)
    leaf = leaf_hash(b"x")
    tree = Frontier()
    started = time.perf_counter()
    for _ in range(200_000):
        tree.add(leaf)
    bare = time.perf_counter() - started
    size = sum(path.stat().st_size for path in (folder / "tile").rglob("*") if path.is_file())
    rows = [
        Row("append, batches of 1,000: throughput", BATCH * len(took) / sum(took), "entries/s"),
        Row("append, batch of 1,000: p50", 1e3 * statistics.median(took), "ms"),
        Row("append, batch of 1,000: p99", 1e3 * p99(took), "ms"),
        Row("append, one entry: p50", 1e3 * statistics.median(single), "ms"),
        Row("append, one entry: p99", 1e3 * p99(single), "ms"),
        Row("the tree alone", 1e6 * bare / 200_000, "µs/entry"),
        Row("tiles and entries on the disk", size / (entries + 100), "bytes/entry"),
    ]
    return rows, log, persons


def proving(log: AuditLog) -> list[Row]:
    """Measure proofs and the verification of the whole log."""
    private = Ed25519PrivateKey.generate()
    key = NoteKey(ORIGIN, ED25519, private.public_key().public_bytes_raw())
    checkpoint = Checkpoint(ORIGIN, log.head.size, log.head.root)
    note = Note(checkpoint, (signed(key, 0, private.sign(message(key, checkpoint, 0))),))
    log.publish(note, Instant(system_clock()))
    places = iter(range(0, log.head.size, max(1, log.head.size // 300)))
    made = []
    took = times(lambda: made.append(prove(log.directory, next(places), note, (key,))), 200)
    started = time.perf_counter()
    verify(log.directory, Trust((key,)))
    seconds = time.perf_counter() - started
    text = message(key, checkpoint, 0)
    post_quantum = MLDSA44PrivateKey.generate()
    return [
        Row("inclusion proof, hashes alone", max(32 * len(one.proof) for one in made), "bytes"),
        Row("proof as a file, everything in it", max(len(msgspec.json.encode(one)) for one in made), "bytes"),
        Row("to make a proof: p50", 1e3 * statistics.median(took), "ms"),
        Row("verify, the whole log", log.head.size / seconds, "entries/s"),
        Row("checkpoint signature, Ed25519", 1e6 * statistics.median(times(lambda: private.sign(text), 500)), "µs"),
        Row(
            "checkpoint signature, ML-DSA-44",
            1e6 * statistics.median(times(lambda: post_quantum.sign(text), 200)),
            "µs",
        ),
    ]


def receipts() -> list[Row]:
    """Measure a receipt."""
    event, key = msgspec.to_builtins(call(1)), ReceiptKey("day-1", bytes(32))
    write_receipt(event, key)
    return [
        Row("receipt, a call", 1e6 * statistics.median(times(lambda: write_receipt(event, key), 2000)), "µs"),
        Row("receipt, as a field", len(write_receipt(event, key)), "bytes"),
    ]


async def settling(folder: Path, at_once: int, rounds: int) -> list[Row]:
    """Measure emitting an event and waiting until it is on the disk, with so many callers at once."""
    stream = SqliteEvents(folder / f"events-{at_once}.db")
    outbox = Outbox(stream, folder / f"spill-{at_once}", "bench", system_random)
    await outbox.start()
    took: list[float] = []
    flushes = 0
    assert outbox._journal is not None  # noqa: SLF001
    flushing = outbox._journal.flushing  # noqa: SLF001

    def counted(descriptor: int) -> None:
        nonlocal flushes
        flushes += 1
        os.fdatasync(descriptor)

    flushing._sync = counted  # noqa: SLF001

    async def caller() -> None:
        for number in range(rounds):
            started = time.perf_counter()
            outbox.emit(call(number))
            await outbox.settle()
            took.append(time.perf_counter() - started)

    started = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(at_once)))
    seconds = time.perf_counter() - started
    await outbox.close()
    await stream.close()
    name = f"on the disk before the answer, {at_once} at once"
    return [
        Row(f"{name}: p50", 1e3 * statistics.median(took), "ms"),
        Row(f"{name}: p99", 1e3 * p99(took), "ms"),
        Row(f"{name}: calls", len(took) / seconds, "calls/s"),
        Row(f"{name}: calls a flush", len(took) / flushes, ""),
    ]


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description="Measure the audit log.")
    parser.add_argument("--entries", type=int, default=100_000, help="entries of the log (100,000)")
    parser.add_argument("--directory", type=Path, help="a directory on the disk that counts")
    asked = parser.parse_args()
    console = Console(width=100)
    with tempfile.TemporaryDirectory(prefix="rfbench-audit-", dir=asked.directory) as name:
        folder = Path(name)
        rows, log, persons = appending(folder / "log", asked.entries)
        rows += proving(log)
        log.close()
        persons.close()
        rows += receipts()
        for at_once in (1, 16, 64):
            rows += asyncio.run(settling(folder, at_once, 2000 // at_once))
    table = Table(title=f"{asked.entries:,} entries, Python {platform.python_version()}, {os.cpu_count()} CPUs")
    table.add_column("what")
    table.add_column("", justify="right")
    table.add_column("")
    for row in rows:
        table.add_row(row.name, f"{row.value:,.1f}", row.unit)
    console.print(table)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode({"rows": rows})) + b"\n")


if __name__ == "__main__":
    main()
