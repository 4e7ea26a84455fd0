"""A channel that is told in sentences, by a syslog collector.  RFC 5424; RFC 5425."""

import asyncio

from ringfence.app.export.collector import Collector
from ringfence.clock import Clock
from ringfence.export.line import Line
from ringfence.export.severity import OCSF_BY_LEVEL
from ringfence.export.telling import Message, one_sentence

KIND = "notification"


class Sentences:
    """`Tells` by a collector."""

    def __init__(self, collector: Collector, clock: Clock) -> None:
        """Tell by `collector`."""
        self._collector = collector
        self._clock = clock

    async def tell(self, message: Message) -> None:
        """Return when the connection has stood for a while after the message.  Raises Away."""
        severity = max(OCSF_BY_LEVEL.get(one.level, 1) for one in message.notices)
        line = Line(message.until, message.message_id, KIND, self._clock(), severity, one_sentence(message))
        await self._collector.send([line])
        await asyncio.sleep(self._collector.settles_after)
        self._collector.require_whole()

    async def close(self) -> None:
        """Close the connection."""
        await self._collector.close()
