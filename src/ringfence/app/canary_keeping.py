"""Begin, promote and end a canary for the management API.

What is written down here, `ringfence up` looks at and takes to the roles: it judges a canary once more with all that the
edge and the signer have to say, and it puts a promoted one in the place of the policy file.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from ringfence.app import snapshot
from ringfence.app.canary import end_canary, fits, read_canary, write_canary
from ringfence.clock import Instant
from ringfence.ids import Random
from ringfence.policy.canary import Canary
from ringfence.policy.load import LoadedPolicy, load
from ringfence.policy.mistakes import PolicyMistakes
from ringfence.policy.places import Places
from ringfence.problem import Reason, Refused
from ringfence.store.interface import Unavailable

SALT_BYTES: Final = 16
BEING_PROMOTED: Final = "it is being promoted at this moment"

Running = Callable[[], tuple[LoadedPolicy, str]]
"""Returns the policy that runs, and what it is called."""


class CanaryKeeping:
    """`admin.ports.CanaryKeeper` over the installation's files."""

    def __init__(self, running: Running, random: Random) -> None:
        """Keep the canary of the installation whose policy runs."""
        self._running = running
        self._random = random
        self._writing = asyncio.Lock()

    async def standing(self) -> Canary | None:
        """Return the canary under way.  Raises Refused POLICY_INVALID where its file is broken."""
        return await asyncio.to_thread(self._read)

    async def start(self, source: str, percent: float, clients: tuple[str, ...], now: Instant) -> Canary:
        """Begin, or give the canary under way another share.

        Raises:
            Refused: POLICY_INVALID with every mistake, CONFLICT where it is the running policy or another is tried.
            Unavailable: it cannot be written down.
        """
        try:
            async with self._writing:
                return await asyncio.to_thread(self._start, Path(source), percent, clients, now)
        except PolicyMistakes as mistakes:
            raise _invalid(mistakes) from None
        except OSError as error:
            raise Unavailable(f"canary: {error}") from error

    async def promote(self) -> Canary:
        """Ask for the canary to hold for everybody.  Raises Refused NOT_FOUND, CONFLICT, POLICY_INVALID; Unavailable."""
        try:
            async with self._writing:
                return await asyncio.to_thread(self._promote)
        except PolicyMistakes as mistakes:
            raise _invalid(mistakes) from None
        except OSError as error:
            raise Unavailable(f"canary: {error}") from error

    async def abort(self) -> str:
        """End the canary and return its name.  Raises Refused NOT_FOUND, CONFLICT; Unavailable."""
        try:
            async with self._writing:
                return await asyncio.to_thread(self._abort)
        except OSError as error:
            raise Unavailable(f"canary: {error}") from error

    def _read(self) -> Canary | None:
        try:
            return read_canary(self._running()[0].places)
        except PolicyMistakes as mistakes:
            raise _invalid(mistakes) from None

    def _promote(self) -> Canary:
        where = self._running()[0].places
        asked = msgspec.structs.replace(_at_rest(where), promote=True, refused="")
        write_canary(where, asked)
        return asked

    def _abort(self) -> str:
        where = self._running()[0].places
        try:
            name = _at_rest(where).name
        except PolicyMistakes:
            name = "unreadable"
        end_canary(where)
        return name

    def _start(self, source: Path, percent: float, clients: tuple[str, ...], now: Instant) -> Canary:
        running, name = self._running()
        where = running.places
        loaded = load(source)
        ours = snapshot.name_of(loaded)
        if ours == name:
            raise Refused(Reason.CONFLICT, "it is the policy that runs")
        under_way = read_canary(where)
        if under_way is not None and under_way.name != ours:
            instead = f"{under_way.source} is being tried ({under_way.name}): promote it or end it first"
            raise Refused(Reason.CONFLICT, instead)
        if under_way is not None and under_way.promote:
            raise Refused(Reason.CONFLICT, BEING_PROMOTED)
        fits(running, loaded, source)
        kept = snapshot.keep(loaded) / snapshot.FILE
        if under_way is not None:  # who is governed by it already goes on to be, where the share grows
            canary = msgspec.structs.replace(under_way, percent=percent, clients=clients)
        else:
            canary = Canary(
                source=str(source),
                policy=str(kept),
                name=ours,
                running=name,
                percent=percent,
                clients=clients,
                salt=self._random(SALT_BYTES).hex(),
                since=now,
            )
        write_canary(where, canary)
        return canary


def _at_rest(where: Places) -> Canary:
    """Return the canary under way, which `ringfence up` is not about to write.  Raises Refused, PolicyMistakes."""
    canary = read_canary(where)
    if canary is None:
        raise Refused(Reason.NOT_FOUND, "no policy is being tried")
    if canary.promote:
        raise Refused(Reason.CONFLICT, BEING_PROMOTED)
    return canary


def _invalid(mistakes: PolicyMistakes) -> Refused:
    return Refused(Reason.POLICY_INVALID, f"\n{mistakes}")
