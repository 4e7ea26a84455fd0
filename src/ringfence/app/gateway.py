"""The process of a gateway worker. It holds public keys, and keys of fields where fields are protected: nothing here can sign."""

import asyncio
import gc
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from ringfence.app.gateway_ports import open_gateway
from ringfence.app.pressure import tell
from ringfence.app.process import Background, Role, Signals, on_reload
from ringfence.gateway.server import serve
from ringfence.gateway.upstream import UpstreamPool

_log = structlog.get_logger("ringfence.gateway")


YOUNG_OBJECTS: Final = 10_000
"""Objects made before the collector looks for cycles; a call makes some hundreds, all gone without it."""


def spare_the_collector() -> None:
    """Take what was loaded at start out of the garbage collector's sight: it stays for good."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 50)


def gateway_role(policy_file: Path, worker: int) -> Role:
    """Return the role of a gateway worker.

    Args:
        policy_file: read at start and on SIGHUP.
        worker: its number, from 0: names its socket and its journal.
    """

    async def run(signals: Signals) -> None:
        async with AsyncExitStack() as stack:
            pool = UpstreamPool()
            opened = await open_gateway(policy_file, f"gateway-{worker}", pool, stack)
            stack.push_async_callback(pool.close)
            loaded = opened.loaded

            def reload() -> None:
                _log.info("policy", worker=worker, digest=opened.reload().digest[:16])

            spare_the_collector()
            background = Background()
            stack.push_async_callback(background.end)
            background.add(on_reload(signals, reload), "reload")
            background.add(tell(loaded.places.gateway_pressure(worker), opened.gateway.pressure), "pressure")
            settings, where = loaded.policy.gateway, loaded.places
            listen = partial(
                serve,
                stop=signals.stop,
                drain_seconds=settings.drain_seconds,
                max_header_bytes=settings.max_header_bytes,
            )
            async with asyncio.TaskGroup() as serving:
                serving.create_task(listen(opened.gateway, where.gateway_socket(worker)))
                if opened.authz is not None:
                    serving.create_task(listen(opened.authz, where.authz_socket(worker)))

    return run
