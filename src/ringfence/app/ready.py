"""Know when a started installation takes calls."""

import asyncio
import socket
from pathlib import Path
from typing import Final

from ringfence.clock import Seconds, monotonic_seconds
from ringfence.edge.process import wait_ready
from ringfence.edge.render import EdgeConfig
from ringfence.policy.load import LoadedPolicy

LOOK_EVERY: Final[Seconds] = 0.05
PATIENCE: Final[Seconds] = 60.0
"""For a first start on a small machine that compiles a large document."""


async def wait_until_ready(loaded: LoadedPolicy, edge: EdgeConfig) -> Seconds:
    """Return when every role's socket answers, with the seconds it took.  Raises TimeoutError."""
    started = monotonic_seconds()
    where = loaded.places
    sockets = [where.signer_socket("oauth"), where.oauth_socket, where.admin_socket]
    sockets += [where.gateway_socket(n) for n in range(loaded.policy.gateway.workers)]
    async with asyncio.timeout(PATIENCE):
        for path in sockets:
            while not answers(path):  # noqa: ASYNC110 - another process makes the socket; there is no event
                await asyncio.sleep(LOOK_EVERY)
        await wait_ready(edge, where, PATIENCE)
    return monotonic_seconds() - started


def answers(path: Path) -> bool:
    """Say whether something listens on a unix socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
