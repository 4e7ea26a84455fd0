"""A gateway worker tells how its upstreams stand by a small file beside its socket, and the management reads it."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec
import structlog

from ringfence.clock import Seconds
from ringfence.gateway.overload import Pressure
from ringfence.policy.places import Places

_log = structlog.get_logger("ringfence.gateway")

EVERY: Final[Seconds] = 1.0
"""A Prometheus server looks every 15 s; nothing is written while nothing changes."""


async def tell(path: Path, pressure: Callable[[], tuple[Pressure, ...]]) -> None:
    """Write what `pressure` says, again whenever that has changed, for ever; the file goes when this is cancelled."""
    written: tuple[Pressure, ...] | None = None
    failing = ""
    try:
        while True:
            now = pressure()
            if now != written:
                why = _write(path, msgspec.json.encode(now))
                if why and why != failing:
                    _log.warning("pressure cannot be told", path=str(path), why=why)
                written, failing = (written if why else now), why
            await asyncio.sleep(EVERY)
    finally:
        _remove(path)


def _write(path: Path, content: bytes) -> str:
    """Put `content` there, whole or not at all; return what went wrong, or `""`."""
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_bytes(content)
        beside.rename(path)
    except OSError as why:
        return str(why)
    return ""


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def told(where: Places, workers: int) -> Mapping[str, tuple[Pressure, ...]]:
    """Return what the workers tell, by `gateway-N`; a worker that tells nothing, or nothing that is understood, has none."""
    found: dict[str, tuple[Pressure, ...]] = {}
    for number in range(workers):
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            content = where.gateway_pressure(number).read_bytes()
            found[f"gateway-{number}"] = msgspec.json.decode(content, type=tuple[Pressure, ...])
    return found
