"""`ringfence up`: load the policy, start every role, follow changes, stop in order."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import structlog

from ringfence.app import snapshot
from ringfence.app.canary import canary_file, end_canary, fits, read_canary, write_canary
from ringfence.app.events import event_outbox, event_stream
from ringfence.app.judge import edge_config, judge
from ringfence.app.process import Signals, run_role
from ringfence.app.promotion import promotion, taken_back
from ringfence.app.ready import wait_until_ready
from ringfence.app.refusals import RefusalLog
from ringfence.app.roles import Role, roles
from ringfence.app.supervisor import Supervisor
from ringfence.app.watch import on_change
from ringfence.clock import Seconds, system_clock
from ringfence.edge.control import Control, until
from ringfence.edge.process import apply, drain, write_config
from ringfence.events import Event
from ringfence.events.actions import PolicyLoaded, RoleExited
from ringfence.policy.canary import Canary
from ringfence.policy.load import LoadedPolicy, Mistake, PolicyMistakes
from ringfence.policy.places import Places
from ringfence.problem import Refused
from ringfence.store.interface import Unavailable
from ringfence.telemetry import configure_logging

_log = structlog.get_logger("ringfence.up")

EDGE_SECONDS: Final[Seconds] = 10.0
"""How long a policy waits for an edge that is just being started."""


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
                accepted = snapshot.accept(self._loaded, tried=await self._tried(self._loaded))
                write_config(edge_config(self._loaded), where)
                for role in roles(self._loaded.policy, where, accepted):
                    self._supervisor.keep(role)
                self._told(accepted=True)
                followers = [
                    asyncio.create_task(on_change(self._watched, self._reload)),
                    asyncio.create_task(on_change(lambda: [canary_file(where)], self._follow_canary)),
                    asyncio.create_task(self._on_hangup(signals)),
                    asyncio.create_task(self._announce()),
                    *([asyncio.create_task(self._follow_canary())] if _promoted(where) else []),
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
        """Put a policy in force as a whole, or leave the old one in force as a whole."""
        try:
            loaded = await asyncio.to_thread(judge, file)
            if loaded.places != self._loaded.places:
                raise _needs_restart(file)
            where = loaded.places
            _prepare(where)
            # What may fail comes before a role is told: the copy that they read, then the edge.
            snapshot.keep(loaded)
            await until(Control(where.edge_admin_socket).ready, EDGE_SECONDS)
            edge_starts_later = await apply(edge_config(loaded), where)
            accepted = snapshot.accept(loaded, tried=await self._tried(loaded))
        except PolicyMistakes as mistakes:
            self._refused(mistakes)
            return
        except (Refused, OSError) as why:
            self._refused(_not_taken(file, why))
            return
        before, self._loaded = self._loaded, loaded
        wanted = roles(loaded.policy, where, accepted)
        gone = [name for name in self._supervisor.names() if name not in {role.name for role in wanted}]
        for role in wanted:
            known = role.name in self._supervisor.names()
            self._supervisor.keep(role)
            if known and role.reloads:
                self._supervisor.signal(role.name, signal.SIGHUP)
        if edge_starts_later:
            _log.warning("memory and connection limits of the edge change with its next start")
        await self._supervisor.stop(gone, before.policy.gateway.drain_seconds)
        self._told(accepted=True)

    async def _tried(self, loaded: LoadedPolicy) -> str:
        """Return the name of the policy that is tried beside this one; a canary that cannot go on beside it is ended."""
        try:
            canary = read_canary(loaded.places)
            if canary is None:
                return ""
            if canary.name != snapshot.name_of(loaded):
                await asyncio.to_thread(_judge_beside, canary, loaded)
                return canary.name
            _log.info("the canary holds for every client now", policy=canary.name)
        except PolicyMistakes as mistakes:
            _log.error("the canary is ended: it cannot go on beside this policy", mistakes=len(mistakes.mistakes))
            self._refused(mistakes)
        end_canary(loaded.places)
        return ""

    async def _follow_canary(self) -> None:
        """Take up what somebody wrote about the canary."""
        async with self._reloading:
            try:
                canary = _promoted(self._loaded.places)
                if canary is not None:
                    await self._promote(canary)
                    return
                await self._tried(self._loaded)
            except OSError as why:
                _log.error("the canary's file cannot be written", why=str(why))
            for name in self._supervisor.names():
                if name == "admin" or name.startswith("gateway-"):
                    self._supervisor.signal(name, signal.SIGHUP)

    async def _promote(self, canary: Canary) -> None:
        """Put the canary's policy in the place of the policy file, and in force; or write down why not."""
        refused = await asyncio.to_thread(promotion, canary, self._file, snapshot.name_of(self._loaded))
        if not refused:
            await self._take(self._file)
            if snapshot.name_of(self._loaded) == canary.name:
                return
            taken_back(self._file)
            refused = "it was not taken: the log of `ringfence up` says why"
        _log.error("the canary is not promoted", why=refused)
        write_canary(self._loaded.places, msgspec.structs.replace(canary, promote=False, refused=refused))

    def _refused(self, mistakes: PolicyMistakes) -> None:
        _log.error("policy refused: the old one stays in force", mistakes=len(mistakes.mistakes))
        sys.stderr.write(f"{mistakes}\n")
        self._told(accepted=False, mistakes=tuple(m.message for m in mistakes.mistakes))

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


def _judge_beside(canary: Canary, loaded: LoadedPolicy) -> None:
    """Return if a canary can be tried beside a policy.  Raises PolicyMistakes."""
    file = Path(canary.policy)
    fits(loaded, judge(file), file)


def _promoted(where: Places) -> Canary | None:
    """Return the canary if it is to hold for everybody."""
    try:
        canary = read_canary(where)
    except PolicyMistakes:
        return None  # who looks whether it can go on tells why not
    return canary if canary is not None and canary.promote else None


def _not_taken(file: Path, why: Refused | OSError) -> PolicyMistakes:
    """Return what kept a good policy from being put in force."""
    text = f"{why.detail} {why.private}".strip() if isinstance(why, Refused) else str(why)
    return PolicyMistakes(
        (Mistake(str(file), 0, 0, f"it cannot be put in force: {text}", "see what the message names"),)
    )


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
