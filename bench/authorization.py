"""What the authorization server costs: each endpoint beside the bare cryptography that it needs, on both databases.

`python -m bench.authorization` runs these rows alone; `make bench` has them too.
"""

import argparse
import asyncio
import contextlib
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import msgspec
from rich.console import Console
from rich.table import Table

from bench.bare import bare
from bench.conversation import Conversation
from bench.installation import Installation, lay_out, start_ringfence
from bench.load import Target, keep, send
from bench.partners import Partner
from bench.processes import cost, cpu_us, family, stop
from tests.postgres_server import CannotStart, PostgresServer

READY_SECONDS = 30.0
FIRST_GUESS, DEAR_GUESS = 500, 100
RESERVE = 2.5
DEAR_RESERVE = 2.5
MOST_A_SECOND = 4000
"""How many more requests are made than the last run used: an assertion is good once."""
PASSWORD_VARIABLE = "BENCH_PASSWORD"


class Row(msgspec.Struct, frozen=True):
    """One kind of request, and what of it is cryptography."""

    name: str
    verifications: int
    signatures: int
    requests: Callable[[Partner, int], Iterator[bytes]]
    dear: bool = False
    """Its requests cannot be made beforehand by signing alone."""


class Figures(msgspec.Struct, frozen=True):
    """One row's figures, as they stand in `latest.json`."""

    name: str
    database: str
    per_s: float
    cpu_us: float
    """Of all our processes, a request."""
    server_us: float
    """Of the authorization server alone."""
    bare_us: float
    """Of the signatures that it has to verify and make, by OpenSSL alone, in the same run."""
    p50_ms: float
    p99_ms: float

    @property
    def ratio(self) -> float:
        """How many times the bare cryptography the authorization server takes."""
        return self.server_us / self.bare_us


def _codes(partner: Partner, count: int) -> Iterator[bytes]:
    for code in partner.codes(count):
        yield partner.post("/oauth/token", partner.redemption(code, "v" * 43), proven=True)


def _refreshes(partner: Partner, count: int) -> Iterator[bytes]:
    form = {"grant_type": "refresh_token", "refresh_token": partner.tokens()["refresh_token"]}
    return partner.posts("/oauth/token", form, count, proven=True)


def _own(partner: Partner, count: int) -> Iterator[bytes]:
    form = {"grant_type": "client_credentials", "scope": "accounts"}
    return partner.posts("/oauth/token", form, count, proven=True)


def _introspections(partner: Partner, count: int) -> Iterator[bytes]:
    form = {"token": partner.tokens()["access_token"]}
    return partner.posts("/oauth/introspect", form, count, proven=False)


ROWS = (
    Row("PAR, with a proof", 2, 0, lambda partner, count: (partner.pushed() for _ in range(count))),
    Row("token: code", 2, 1, _codes, dear=True),
    Row("token: refresh", 2, 1, _refreshes),
    Row("token: client credentials", 2, 1, _own),
    Row("introspection", 2, 0, _introspections),
)
"""Assertion and proof are verified at each but introspection, where it is assertion and access token."""


class Server:
    """A running installation whose authorization server is measured."""

    def __init__(self, database: str, installed: Installation, pid: int) -> None:
        """Find the authorization server's process, and register a partner."""
        self.database, self.pid = database, pid
        until(installed.where.admin_socket.exists)
        until(lambda: _serves(installed))
        self.partner = Partner(installed)
        (self.server_pid,) = (one for one in family(pid) if b"oauth" in _words(one))
        self._rates: dict[str, float] = {}

    def measure(self, row: Row, seconds: float, scratch: Path, *, warming: bool = False) -> Figures:
        """Send the row's requests for some seconds; to warm up, the last ones perhaps twice, which is then refused.

        Raises:
            RuntimeError: an answer was no success, so that the figures would mean something else.
        """
        rate = self._rates.get(row.name, 0.0)
        # a code costs a whole conversation, any other request microseconds
        rate = (rate or DEAR_GUESS) * DEAR_RESERVE if row.dear else max(rate, FIRST_GUESS) * RESERVE
        count = int(min(rate, MOST_A_SECOND) * (seconds + 0.5))
        keep(row.requests(self.partner, count), scratch)
        before, before_server = cost(self.pid).cpu_us, cpu_us(self.server_pid)
        load = send(Target(self.partner.installed.public_port), scratch, seconds)
        spent, by_server = cost(self.pid).cpu_us - before, cpu_us(self.server_pid) - before_server
        if (load.refused and not warming) or load.broken or not load.calls:
            raise RuntimeError(f"{row.name} on {self.database}: {load}; see {self.partner.installed.folder}")
        self._rates[row.name] = load.calls / load.us * 1e6
        return Figures(
            row.name,
            self.database,
            self._rates[row.name],
            spent / load.calls,
            by_server / load.calls,
            bare().of(row.verifications, row.signatures),
            load.p50_us / 1000,
            load.p99_us / 1000,
        )

    def flows(self, seconds: float) -> Figures:
        """Go from the pushed request over the customer's pages to the token, again and again."""
        partner, took = self.partner, list[float]()
        before, before_server = cost(self.pid).cpu_us, cpu_us(self.server_pid)
        began = time.perf_counter()

        async def again(talk: Conversation) -> None:
            while not took or time.perf_counter() < began + seconds:  # a busy machine may take longer for the first
                start = time.perf_counter()
                code = await partner.code(talk, partner.pushed())
                form = partner.redemption(code, "v" * 43)
                answer = await talk.ask(partner.post("/oauth/token", form, proven=True))
                if answer.status != 200:
                    raise RuntimeError(f"the token endpoint answered {answer.status}")
                took.append(time.perf_counter() - start)

        partner.converse(again)
        lasted = time.perf_counter() - began
        spent, by_server = cost(self.pid).cpu_us - before, cpu_us(self.server_pid) - before_server
        took.sort()
        return Figures(
            "PAR → authorize → token",
            self.database,
            len(took) / lasted,
            spent / len(took),
            by_server / len(took),
            bare().of(4, 1),
            took[len(took) // 2] * 1000,
            took[len(took) * 99 // 100] * 1000,
        )


def _serves(installed: Installation) -> bool:
    with contextlib.suppress(httpx.TransportError), httpx.Client(verify=False, trust_env=False) as http:
        return http.get(f"{installed.policy.issuer}/oauth/jwks").status_code == httpx.codes.OK
    return False


def _words(pid: int) -> list[bytes]:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return []


def until(ready: Callable[[], bool]) -> None:
    """Return when it is so.  Raises RuntimeError after `READY_SECONDS`."""
    deadline = time.monotonic() + READY_SECONDS
    while not ready():
        if time.monotonic() > deadline:
            raise RuntimeError("the server did not start")
        time.sleep(0.05)


def _in_postgres(installed: Installation, server: PostgresServer) -> None:
    """Keep the installation's records in a database of that server."""
    asyncio.run(server.database("bench"))
    os.environ[PASSWORD_VARIABLE] = "trusted anyway"
    written = msgspec.json.decode(installed.policy_file.read_bytes())
    written["records"] = {
        "url": f"postgresql://ringfence@127.0.0.1:{server.port}/bench",
        "tls": "off",
        "password_variable": PASSWORD_VARIABLE,
    }
    installed.policy_file.write_bytes(msgspec.json.format(msgspec.json.encode(written)))


def servers(folder: Path, ending: contextlib.ExitStack, console: Console) -> list[Server]:
    """Start an installation on each database that can be had."""
    found = []
    for database in ("SQLite", "PostgreSQL"):
        installed = lay_out(folder / f"as-{database}", upstream_port=9, workers=1, operations=2)
        if database == "PostgreSQL":
            try:
                engine = PostgresServer()
                engine.start()
            except CannotStart as why:
                console.print(f"Without PostgreSQL: {why}")
                continue
            ending.callback(engine.remove)
            _in_postgres(installed, engine)
        process = start_ringfence(installed)
        ending.callback(stop, process)
        found.append(Server(database, installed, process.pid))
    return found


def authorization_rows(
    folder: Path, ending: contextlib.ExitStack, console: Console, seconds: float, rounds: int
) -> list[Figures]:
    """Return all rows, each the middle of its rounds, the databases taking turns."""
    running = servers(folder, ending, console)
    runs: dict[tuple[str, str], list[Figures]] = {}
    for number in range(rounds + 1):
        for row in (*ROWS, None):
            for server in running:
                name = row.name if row else "flows"
                with console.status(f"round {number} of {rounds}: {name}, {server.database}"):
                    lasting = seconds if number else 1.0
                    one = (
                        server.measure(row, lasting, folder / "posts", warming=not number)
                        if row
                        else server.flows(lasting)
                    )
                if number:
                    runs.setdefault((one.name, one.database), []).append(one)
    return [_middle(some) for some in runs.values()]


def _middle(runs: list[Figures]) -> Figures:
    first = runs[0]

    def middle(name: str) -> float:
        return round(float(statistics.median(getattr(run, name) for run in runs)), 2)

    numbers = {name: middle(name) for name in ("per_s", "cpu_us", "server_us", "bare_us", "p50_ms", "p99_ms")}
    return msgspec.structs.replace(first, **numbers)


def show_authorization(console: Console, figures: list[Figures]) -> None:
    """Print the table."""
    table = Table(title=f"The authorization server, one process, Python {platform.python_version()}")
    table.add_column("request", no_wrap=True)
    table.add_column("records")
    for name in ("a second", "CPU µs, all", "CPU µs, server", "bare crypto µs", "×", "p50 ms", "p99 ms"):
        table.add_column(name, justify="right")
    for one in figures:
        numbers = [one.per_s, one.cpu_us, one.server_us, one.bare_us]
        table.add_row(
            one.name,
            one.database,
            *(f"{number:,.0f}" for number in numbers),
            f"{one.ratio:.1f}",
            f"{one.p50_ms:.1f}",
            f"{one.p99_ms:.1f}",
        )
    console.print(table)


def main() -> None:
    """Run these rows alone."""
    parser = argparse.ArgumentParser(description="Measure the authorization server against bare cryptography.")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="rfbench-") as folder, contextlib.ExitStack() as ending:
        figures = authorization_rows(Path(folder), ending, console, arguments.seconds, arguments.rounds)
    show_authorization(Console(width=120), figures)


if __name__ == "__main__":
    main()
