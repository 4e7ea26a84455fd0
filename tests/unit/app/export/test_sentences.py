import asyncio

import pytest

from ringfence.app.export.collector import Collector
from ringfence.app.export.sentences import Sentences
from ringfence.app.export.sink import Away
from ringfence.clock import Instant
from tests.listening import SyslogListener, free_port, until
from tests.told import message, notice

NOW = Instant(1_800_000_000.0)


def told_by(port: int, settles_after: float = 0.05) -> Sentences:
    return Sentences(Collector("127.0.0.1", port, None, "bank.example", 14, settles_after), lambda: NOW)


async def test_one_message_is_one_sentence() -> None:
    with SyslogListener() as syslog:
        sends = told_by(syslog.port)
        await sends.tell(message(notice(level="critical")))
        await sends.tell(message(notice(1), notice(2)))
        await sends.close()
        until(lambda: len(syslog.messages) == 2)
        assert syslog.messages[0].startswith(
            "<114>1 2027-01-15T08:00:00.000000Z bank.example ringfence - notification - "
        )
        assert syslog.texts() == [
            "[critical] Guessing: seen 1 (network 192.0.2.1). ringfence alerts show alert_1",
            "[digest] 2 alerts: 2 high. ringfence alerts list --open",
        ]


async def test_who_goes_away_has_not_taken_it() -> None:
    with pytest.raises(Away):
        await told_by(free_port()).tell(message())
    with SyslogListener() as syslog:
        sends = told_by(syslog.port, settles_after=1.0)

        async def reset() -> None:
            await asyncio.to_thread(until, lambda: syslog.messages)
            syslog.reset()

        resetting = asyncio.create_task(reset())
        with pytest.raises(Away):
            await sends.tell(message())
        await resetting
        await sends.close()
