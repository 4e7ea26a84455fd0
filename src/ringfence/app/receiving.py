"""What is done about received events in the background: those whose effects broke off, and transmitters that we ask.  RFC 8935 §2; RFC 8936 §2."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import structlog

from ringfence.clock import Instant, Seconds
from ringfence.fetching import Deliverer, Unfetchable
from ringfence.ids import new_id
from ringfence.oauth.exchange import Server
from ringfence.oauth.signals.ask import Settled, ask
from ringfence.oauth.signals.effects import carry_out
from ringfence.oauth.signals.receive import AGAIN_AFTER
from ringfence.oauth.signals.transmitters import Known
from ringfence.policy.signals_model import Polled
from ringfence.store.interface import Unavailable

_log = structlog.get_logger("ringfence.signals")

LOOK_EVERY: Final[Seconds] = 1.0
AT_ONCE: Final = 50

HOLD: Final[Seconds] = 30.0
"""How long a transmitter is asked by one process alone: longer than an answer and its events may take."""

LONGEST_TOLD: Final = 200


async def finish_received(server: Callable[[], Server], every: Seconds = LOOK_EVERY) -> None:
    """Do what events call for whose effects broke off, for ever."""
    while True:
        try:
            if await finish_due(server()) < AT_ONCE:
                await asyncio.sleep(every)
        except Unavailable as why:
            _log.warning("received events put off", why=str(why))
            await asyncio.sleep(every)


async def finish_due(server: Server) -> int:
    """Do what is due; return how many events were tried.  Raises Unavailable."""
    now = server.ports.clock()
    claimed = await server.ports.records.claim_received(now, Instant(now + AGAIN_AFTER), AT_ONCE)
    for signal in claimed:
        try:
            await carry_out(signal, server.ports, server.ports.clock())
        except Unavailable as why:
            _log.warning("received event put off", transmitter=signal.transmitter, why=str(why))
        except Exception:  # noqa: BLE001 - one event that cannot be done must not keep the others from being
            _log.exception("received event failed", transmitter=signal.transmitter)
    return len(claimed)


class Asking:
    """Transmitters that this process asks, and what it has to tell each."""

    def __init__(self, way: Deliverer) -> None:
        """Have asked nobody yet."""
        self._way = way
        self._name = ""
        self._settled: dict[str, Settled] = {}
        self._due: dict[str, Instant] = {}

    async def ask_due(self, server: Server) -> None:
        """Ask those whose time has come, all at once."""
        self._name = self._name or new_id("poller", server.ports.random)
        due = [
            (known, known.rule.poll)
            for known in server.profile.transmitters.values()
            if known.rule.poll is not None and self._due.get(known.name, Instant(0.0)) <= server.ports.clock()
        ]
        await asyncio.gather(*(self._ask(known, rule, server) for known, rule in due))

    async def _ask(self, known: Known, rule: Polled, server: Server) -> None:
        now, records = server.ports.clock(), server.ports.records
        self._due[known.name] = Instant(now + rule.every_seconds)
        try:
            if not await records.claim_poll(known.name, self._name, now, Instant(now + HOLD)):
                self._settled.pop(known.name, None)  # another asks, and what it has not been told comes again
                return
            noted: dict[str, Any] = {"poll_error": "", "failing_since": None}
            try:
                settled = await ask(known, rule, self._settled.get(known.name, Settled()), server, self._way)
                self._settled[known.name] = settled
                noted |= {"polled_at": server.ports.clock()}
                if settled.more:
                    self._due[known.name] = Instant(0.0)
            except Unfetchable as why:
                _log.warning("transmitter not asked", transmitter=known.name, why=str(why))
                noted = {"poll_error": str(why)[:LONGEST_TOLD]}
                await records.note_failing(known.name, server.ports.clock())
            await records.note_transmitter(known.name, **noted)
        except Unavailable as why:
            _log.warning("transmitter not asked", transmitter=known.name, why=str(why))
        except Exception:  # noqa: BLE001 - one transmitter that cannot be asked must not keep the others from being
            _log.exception("transmitter not asked", transmitter=known.name)


async def ask_transmitters(server: Callable[[], Server], way: Deliverer, every: Seconds = LOOK_EVERY) -> None:
    """Ask the transmitters that the policy has us ask, for ever.

    Args:
        server: returns the settings and ports of the moment.
        way: the guarded way out.
        every: how often to look whose time has come, in seconds.
    """
    asking = Asking(way)
    while True:
        await asking.ask_due(server())
        await asyncio.sleep(every)
