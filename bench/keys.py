"""`python -m bench.keys`: what signing, wrapping and a compromise drill cost, per provider and over the socket.

Prints a table and writes `bench/results/keys.json`. Providers that are not installed are left out, and named.
"""

import asyncio
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
import uvloop
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.installation import lay_out
from ringfence.clock import monotonic_seconds, system_clock
from ringfence.custody.client import SignerClient
from ringfence.ids import new_id, system_random
from ringfence.keys.backend import BackendFailed, KeyBackend
from ringfence.keys.compromise import Compromise
from ringfence.keys.providers.sealed import SealedKeys
from ringfence.keys.purposes import Kind
from ringfence.keys.records import DataKeyRecord
from ringfence.keys.rotation import context_of
from tests import softhsm
from tests.keys_fixture import open_keeper

RESULTS = Path(__file__).with_name("results") / "keys.json"
CLAIMS = msgspec.json.encode({"iss": "https://localhost", "sub": "user", "jti": "x" * 43, "cnf": {"jkt": "y" * 43}})
TEXT = b"x" * 400
ROUNDS = 7
RECORDS = 100_000
CHUNK = 5_000
AT_ONCE = 100
OPERATORS = (1, 2)


class Figure(msgspec.Struct, frozen=True):
    """One row: microseconds an operation, the middle of several rounds."""

    name: str
    us: float


def timed(work: Callable[[], object], count: int) -> float:
    """Return microseconds a call, the middle of `ROUNDS` rounds of `count` calls."""
    rounds = []
    for _ in range(ROUNDS):
        started = monotonic_seconds()
        for _ in range(count):
            work()
        rounds.append((monotonic_seconds() - started) / count * 1e6)
    return statistics.median(rounds)


@contextmanager
def providers(folder: Path, console: Console) -> Iterator[list[tuple[KeyBackend, int]]]:
    """Give the providers that can be had here, each with how many calls a round."""
    found: list[tuple[KeyBackend, int]] = [(SealedKeys(system_random(32), system_random), 2000)]
    with ExitStack() as ending:
        if softhsm.library() is None:
            console.print("SoftHSM2 is not installed: no figures of PKCS#11.")
        else:
            from ringfence.keys.providers.pkcs11 import Pkcs11Keys  # noqa: PLC0415 - an extra

            device = Pkcs11Keys(softhsm.make_token(folder), softhsm.TOKEN, softhsm.PIN, system_random)
            ending.callback(device.close)
            found.append((device, 500))
        try:
            from moto.server import ThreadedMotoServer  # noqa: PLC0415 - for development only

            from ringfence.keys.providers.aws_kms import AwsKmsKeys  # noqa: PLC0415 - an extra
        except ImportError:
            console.print("moto is not installed: no figures of AWS KMS.")
        else:
            os.environ |= {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
            server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
            server.start()
            ending.callback(server.stop)
            host, port = server.get_host_and_port()
            found.append((AwsKmsKeys("eu-central-1", "bench/", f"http://{host}:{port}"), 20))
        yield found


def provider_rows(backend: KeyBackend, count: int) -> list[Figure]:
    """Return what a provider's operations cost."""
    made = {kind: backend.generate(kind, new_id("key", system_random)) for kind in (Kind.ES256, Kind.AES256)}
    secret = system_random(32)
    wrapped = backend.wrap(made[Kind.AES256], secret, b"context")
    rows = [
        Figure(f"{backend.name}: ES256 signature", timed(lambda: backend.sign(made[Kind.ES256], TEXT), count)),
        Figure(f"{backend.name}: wrap", timed(lambda: backend.wrap(made[Kind.AES256], secret, b"context"), count)),
        Figure(f"{backend.name}: unwrap", timed(lambda: backend.unwrap(made[Kind.AES256], wrapped, b"context"), count)),
    ]
    try:
        mac = backend.generate(Kind.HMAC256, new_id("key", system_random))
        rows.append(Figure(f"{backend.name}: MAC", timed(lambda: backend.mac(mac, TEXT), count)))
    except BackendFailed:
        return rows
    return rows


async def over_the_socket(path: Path) -> list[Figure]:
    """Return what a token costs its caller over the signer's socket."""
    client = SignerClient(path)
    one, many = [], []
    await client.sign_token("token", "at+jwt", CLAIMS)
    for _ in range(ROUNDS):
        started = monotonic_seconds()
        for _ in range(500):
            await client.sign_token("token", "at+jwt", CLAIMS)
        one.append((monotonic_seconds() - started) / 500 * 1e6)
        started = monotonic_seconds()
        for _ in range(10):
            await asyncio.gather(*(client.sign_token("token", "at+jwt", CLAIMS) for _ in range(AT_ONCE)))
        many.append((monotonic_seconds() - started) / (10 * AT_ONCE) * 1e6)
    await client.close()
    return [
        Figure("token over the socket, one at a time", statistics.median(one)),
        Figure(f"token over the socket, {AT_ONCE} at once", statistics.median(many)),
    ]


def socket_rows(folder: Path) -> list[Figure]:
    """Start a signer of its own, and measure from another process's side."""
    installed = lay_out(folder / "signer", upstream_port=9, workers=1, operations=1)
    for path in (installed.where.sockets, installed.where.events_spill):
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    socket = installed.where.signer_socket("oauth")
    command = [sys.executable, "-m", "ringfence.app.role", "signer", str(installed.policy_file)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            while not installed.where.signer_socket("audit").exists():
                time.sleep(0.05)
            return uvloop.run(over_the_socket(socket))
        finally:
            process.terminate()


async def drill(folder: Path, console: Console) -> list[Figure]:
    """Declare a KEK compromised that wraps `RECORDS` data keys, and return what each of them cost."""
    (folder / "drill").mkdir()
    keeper = open_keeper(folder / "drill")
    key = await keeper.active("data")
    backend = keeper.backends[key.provider]
    for start in range(0, RECORDS, CHUNK):
        rows = []
        for number in range(start, start + CHUNK):
            row = DataKeyRecord(
                data_key=new_id("dek", system_random),
                key_id=key.key_id,
                wrapped=b"",
                tenant=f"tenant-{number % 10}",
                field=f"/field/{number % 7}",
                subject=f"user-{number}",
                created_at=system_clock(),
            )
            wrapped = backend.wrap(key.handle, system_random(32), context_of(row))
            rows.append(msgspec.structs.replace(row, wrapped=wrapped))
        keeper.ledger.add_data_keys(rows)
    compromise = Compromise(keeper, frozenset(OPERATORS))
    started = monotonic_seconds()
    found = keeper.ledger.count_under(key.key_id)
    inventory = monotonic_seconds() - started
    wish = compromise.wish(key, "uid:0", "bench")
    started = monotonic_seconds()
    for uid in OPERATORS:
        await compromise.approve(wish.wish_id, uid)
    with Progress(console=console, transient=True) as progress:
        bar = progress.add_task("data keys", total=RECORDS)
        while not (shown := compromise.shown(keeper.ledger.wish(wish.wish_id) or wish))["done"]:
            progress.update(bar, completed=shown["rewrapped"])
            await asyncio.sleep(0.05)
    seconds = monotonic_seconds() - started
    keeper.close()
    if (shown["rewrapped"], shown["left"]) != (RECORDS, 0):
        raise RuntimeError(f"the drill left something: {shown}")
    console.print(f"Drill: {RECORDS:,} data keys wrapped anew in {seconds:.2f} s, {len(found)} tenants and fields.")
    return [
        Figure(f"drill: a data key wrapped anew, of {RECORDS:,}", seconds / RECORDS * 1e6),
        Figure(f"drill: inventory of {RECORDS:,} data keys", inventory * 1e6),
    ]


def main() -> None:
    """Run the bench."""
    console = Console(stderr=True)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # moto's server tells each request
    with tempfile.TemporaryDirectory(prefix="rfbench-") as name:
        folder = Path(name)
        figures = socket_rows(folder)
        with providers(folder, console) as found:
            for backend, count in found:
                figures += provider_rows(backend, count)
        figures += asyncio.run(drill(folder, console))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode({"rows": figures})) + b"\n")
    table = Table()
    table.add_column("operation", no_wrap=True)
    table.add_column("µs", justify="right")
    for one in figures:
        table.add_row(one.name, f"{one.us:,.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
