"""The signer's sockets: who comes in where, and what is on record before they are answered."""

import os
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from ringfence.custody.wire import Manage, Refusal, Reply, Request
from ringfence.keys.compromise import Compromise
from ringfence.keys.keeper import Keeper
from ringfence.keys.management import LOOKS, Management
from ringfence.keys.refusals import Refusals, Refused, refused_by
from ringfence.keys.server import MODE, Peer, listen
from ringfence.store.interface import Unavailable

_log = structlog.get_logger("ringfence.signer")

OPERATORS: Final = "operators"
"""Whose socket takes approvals."""

APPROVAL_MODE: Final = 0o666
"""Anybody may connect where the directory that the policy names lets them; who they are is known by the kernel, and only
operators are heard."""

OWNER_MODE: Final = MODE
"""In our own directory, which nobody else can enter in any case."""


class Doors:
    """Opens them, and answers at them."""

    def __init__(self, keeper: Keeper, management: Management, compromise: Compromise, refusals: Refusals) -> None:
        """Take what answers, and what refusals are counted by."""
        self._keeper = keeper
        self._management = management
        self._compromise = compromise
        self._refusals = refusals

    async def open(self, stack: AsyncExitStack, path: Path, role: str, mode: int = OWNER_MODE) -> None:
        """Serve a role, or the operators, on a socket until the stack is left."""
        uids = None if role == OPERATORS else frozenset({os.getuid()})
        server = await listen(path, partial(self.answer, role), uids, mode, partial(self._hung_up, role))

        async def closed() -> None:
            server.close()
            path.unlink(missing_ok=True)  # noqa: ASYNC240 - one call, at the end

        stack.push_async_callback(closed)

    async def answer(self, role: str, peer: Peer, request: Request) -> Reply:
        """Return the reply to a request; that it was refused, or what was changed by it, is on record then."""
        reply = await self._reply(role, peer, request)
        refused = refused_by(role, peer.uid, request, reply)
        if refused is not None:
            self._refusals.note(refused, self._keeper.clock())
        if isinstance(request, Manage) and (refused is not None or request.action not in LOOKS):
            return await on_record(self._keeper, reply)
        return reply

    async def _reply(self, role: str, peer: Peer, request: Request) -> Reply:
        if role == OPERATORS:
            if not isinstance(request, Manage):
                return Refusal("not-allowed", "here, wishes are looked at and approved")
            return await self._compromise.answer(peer.uid, request)
        if role == "admin" and isinstance(request, Manage):
            return await self._management.answer(f"uid:{peer.uid}", request)
        return await self._keeper.answer(role, request)

    def _hung_up(self, role: str, peer: Peer, operation: str, reason: str) -> None:
        self._refusals.note(Refused(role, f"uid:{peer.uid}", operation, "", reason), self._keeper.clock())


async def on_record(keeper: Keeper, reply: Reply) -> Reply:
    """Return the reply to who changed something once that is on the disk, in the event journal too; else say it is not."""
    try:
        await keeper.settled()
    except Unavailable as why:
        if isinstance(reply, Refusal):
            return reply
        _log.error("what was done with keys is not on record yet", why=str(why))
        return Refusal("unavailable", "it may be done, and is not on record yet: look before you ask again")
    return reply
