"""`ringfence up`: load the policy, start every role, follow changes, stop in order."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import structlog

from ringfence.app import snapshot
from ringfence.app.events import event_outbox, event_stream
from ringfence.app.judge import edge_config, judge
from ringfence.app.process import Signals, run_role
from ringfence.app.ready import wait_until_ready
from ringfence.app.refusals import RefusalLog
from ringfence.app.roles import Role, roles
from ringfence.app.supervisor import Supervisor
from ringfence.app.watch import on_change
from ringfence.clock import Seconds, system_clock
from ringfence.edge.control import Control
from ringfence.edge.process import apply, drain, write_config
from ringfence.events import Event
from ringfence.events.actions import PolicyLoaded, RoleExited
from ringfence.policy.load import LoadedPolicy, Mistake, PolicyMistakes
from ringfence.policy.places import Places
from ringfence.problem import Refused
from ringfence.store.interface import Unavailable
from ringfence.telemetry import configure_logging

_log = structlog.get_logger("ringfence.up")


def run_up(policy_file: Path) -> None:
    """Run everything until SIGTERM or SIGINT.

    Raises:
        PolicyMistakes: the policy cannot be started with; nothing was started.
    """
    configure_logging("up")
    loaded = judge(policy_file)
    _prepare(loaded.places)
    run_role(lambda signals: _Up(policy_file, loaded).run(signals), child=False)


def _prepare(where: Places) -> None:
    for path in (where.state, where.sockets, where.edge, where.fast, where.events_spill):
        path.mkdir(parents=True, exist_ok=True, mode=0o700)


class _Up:
    """One running installation."""

    def __init__(self, policy_file: Path, loaded: LoadedPolicy) -> None:
        self._file = policy_file
        self._loaded = loaded
        self._emit: Callable[[Event], None] = lambda _event: None
        self._supervisor = Supervisor(self._on_exit)
        self._reloading = asyncio.Lock()

    async def run(self, signals: Signals) -> None:
        """Start, follow, stop."""
        where = self._loaded.places
        async with event_stream(self._loaded) as stream, event_outbox(self._loaded, "up", stream) as outbox:
            self._emit = _careful(outbox.emit)
            followers: list[asyncio.Task[None]] = []
            refusals = RefusalLog(where.edge_refusals, outbox.emit, Control(where.edge_admin_socket).reopen_logs)
            try:
                accepted = snapshot.accept(self._loaded)
                write_config(edge_config(self._loaded), where)
                for role in roles(self._loaded.policy, where, accepted):
                    self._supervisor.keep(role)
                self._told(accepted=True)
                followers = [
                    asyncio.create_task(on_change(self._watched, self._reload)),
                    asyncio.create_task(self._on_hangup(signals)),
                    asyncio.create_task(self._announce()),
                    asyncio.create_task(refusals.follow()),
                ]
                await signals.stop.wait()
            finally:
                for task in followers:
                    task.cancel()
                await asyncio.gather(*followers, return_exceptions=True)
                await self._stop(where, self._loaded.policy.gateway.drain_seconds)
                with contextlib.suppress(Unavailable, OSError):
                    refusals.read()  # what Envoy wrote out as it ended

    async def _announce(self) -> None:
        seconds = await wait_until_ready(self._loaded, edge_config(self._loaded))
        _log.info(
            "ready",
            issuer=self._loaded.policy.issuer,
            workers=self._loaded.policy.gateway.workers,
            operations=len(self._loaded.table.operations),
            seconds=round(seconds, 2),
        )

    async def _on_hangup(self, signals: Signals) -> None:
        while True:
            await signals.reload.wait()
            signals.reload.clear()
            await self._reload()

    def _watched(self) -> list[Path]:
        where = self._loaded.places
        documents = [where.file(v.openapi) for api in self._loaded.policy.apis for v in api.versions]
        documents += self._loaded.schema_files
        return [self._file, *documents]

    async def _reload(self) -> None:
        """Put the policy file in force, or keep the old policy and say why; one reload at a time."""
        async with self._reloading:
            await self._take(self._file)

    async def _take(self, file: Path) -> None:
        try:
            loaded = await asyncio.to_thread(judge, file)
            if loaded.places != self._loaded.places:
                raise _needs_restart(file)
            _prepare(loaded.places)
        except PolicyMistakes as mistakes:
            _log.error("policy refused: the old one stays in force", mistakes=len(mistakes.mistakes))
            sys.stderr.write(f"{mistakes}\n")
            self._told(accepted=False, mistakes=tuple(m.message for m in mistakes.mistakes))
            return
        where = loaded.places
        accepted = snapshot.accept(loaded)
        before, self._loaded = self._loaded, loaded
        wanted = roles(loaded.policy, where, accepted)
        gone = [name for name in self._supervisor.names() if name not in {role.name for role in wanted}]
        for role in wanted:
            known = role.name in self._supervisor.names()
            self._supervisor.keep(role)
            if known and role.reloads:
                self._supervisor.signal(role.name, signal.SIGHUP)
        try:
            if await apply(edge_config(loaded), where):
                _log.warning("memory and connection limits of the edge change with its next start")
        except Refused as why:
            _log.error("the edge keeps its old configuration", why=why.detail, private=why.private)
        await self._supervisor.stop(gone, before.policy.gateway.drain_seconds)
        self._told(accepted=True)

    async def _stop(self, where: Places, within: Seconds) -> None:
        """Close the door first, let calls end, then stop what they needed."""
        if self._supervisor.pid("edge") is not None:
            await drain(where, within)
        await self._supervisor.stop(["edge"], 5.0)
        names = self._supervisor.names()
        await self._supervisor.stop([name for name in names if name.startswith("gateway-")], within)
        last = ("audit", "signer")  # the log takes what the others say at their end, and has that signed
        await self._supervisor.stop([n for n in names if not n.startswith("gateway-") and n not in last], within)
        for name in last:
            await self._supervisor.stop([name], within)

    def _told(self, *, accepted: bool, mistakes: tuple[str, ...] = ()) -> None:
        _log.info("policy", accepted=accepted, digest=self._loaded.digest[:16])
        self._emit(PolicyLoaded(system_clock(), self._loaded.digest, accepted, mistakes))

    def _on_exit(self, role: Role, code: int, restart_in: Seconds) -> None:
        self._emit(RoleExited(system_clock(), role.name, code, restart_in))


def _careful(emit: Callable[[Event], None]) -> Callable[[Event], None]:
    """The supervisor goes on supervising when the event stream is gone."""

    def careful(event: Event) -> None:
        with contextlib.suppress(Unavailable, Refused):
            emit(event)

    return careful


def _needs_restart(file: Path) -> PolicyMistakes:
    return PolicyMistakes(
        (
            Mistake(
                file=str(file),
                line=1,
                column=1,
                message="state or keys: another directory cannot be taken while running",
                instead="the old value, or stop and start Ringfence",
            ),
        )
    )
