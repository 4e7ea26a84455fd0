"""Keep a set of processes running: start, restart with back-off, add, remove, stop in order."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Sequence

import structlog

from ringfence.app.parent import end_with_parent
from ringfence.app.restarts import Restarts, after_exit
from ringfence.app.roles import Role
from ringfence.clock import Seconds, monotonic_seconds

_log = structlog.get_logger("ringfence.up")

OnExit = Callable[[Role, int, Seconds], None]
"""Told when a role ended unasked: the role, its exit status, the seconds until it is started again."""


class Supervisor:
    """Runs roles as child processes."""

    def __init__(self, on_exit: OnExit) -> None:
        """Start nothing yet."""
        self._on_exit = on_exit
        self._roles: dict[str, Role] = {}
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._keepers: dict[str, asyncio.Task[None]] = {}

    def names(self) -> tuple[str, ...]:
        """Return the roles that are to be kept running."""
        return tuple(self._roles)

    def pid(self, name: str) -> int | None:
        """Return the process id of a role, or None while it is between two lives."""
        process = self._processes.get(name)
        return process.pid if process is not None and process.returncode is None else None

    def keep(self, role: Role) -> None:
        """Start a role and keep it running; nothing happens if it runs already."""
        known = self._roles.get(role.name)
        self._roles[role.name] = role
        if known is None:
            self._keepers[role.name] = asyncio.create_task(self._keep(role.name), name=f"keep {role.name}")

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a role if it is running."""
        process = self._processes.get(name)
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)

    async def stop(self, names: Sequence[str], within: Seconds) -> None:
        """End these roles: SIGTERM, and SIGKILL for those that are not gone in time."""
        keepers = [self._keepers.pop(name) for name in names if name in self._keepers]
        for name in names:
            self._roles.pop(name, None)
            self.signal(name, signal.SIGTERM)
        running = [self._processes[name] for name in names if name in self._processes]
        if running:
            waits = [asyncio.create_task(process.wait()) for process in running]
            _, late = await asyncio.wait(waits, timeout=within)
            for process in running:
                if process.returncode is None:
                    _log.warning("killed: it did not end in time", pid=process.pid)
                    with contextlib.suppress(ProcessLookupError):
                        process.kill()
            if late:
                await asyncio.wait(late)
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
        for name in names:
            self._processes.pop(name, None)

    async def _keep(self, name: str) -> None:
        restarts = Restarts()
        while name in self._roles:
            role = self._roles[name]
            started = monotonic_seconds()
            process = await asyncio.create_subprocess_exec(
                *role.command, stdin=asyncio.subprocess.DEVNULL, preexec_fn=end_with_parent, start_new_session=True
            )
            self._processes[name] = process
            if name not in self._roles:  # stopped while it was being started
                process.terminate()
            code = await process.wait()
            if name not in self._roles:
                return
            restarts, delay = after_exit(restarts, monotonic_seconds() - started)
            _log.error("role ended", which=name, status=code, restart_in=delay)
            self._on_exit(role, code, delay)
            await asyncio.sleep(delay)
