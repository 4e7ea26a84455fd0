import asyncio
from functools import partial
from pathlib import Path

import pytest

from ringfence.app.export.collector import Collector
from ringfence.app.export.sink import Away
from ringfence.app.export.tls import client_tls
from ringfence.clock import Instant, system_clock
from ringfence.edge.certificates import create_development_certificates, issue_client_certificate
from ringfence.export.line import Line
from tests.listening import SyslogListener, free_port, server_tls, until


def lines(*texts: str) -> list[Line]:
    return [Line(n, f"{n}-a", "login.decided", Instant(1.0), 1, text) for n, text in enumerate(texts, 1)]


async def heard(listener: SyslogListener, *texts: str) -> None:
    await asyncio.to_thread(until, lambda: listener.texts() == list(texts))


async def test_lines_arrive_in_order_over_one_connection() -> None:
    with SyslogListener() as listener:
        sink = Collector("127.0.0.1", listener.port, None, "bank.example", 13)
        assert await sink.send(lines("one", "two ü")) == 2
        await sink.send(lines("three"))
        sink.require_whole()
        await heard(listener, "one", "two ü", "three")
        assert listener.messages[0].startswith("<110>1 1970-01-01T00:00:01.000000Z bank.example ringfence - ")
        assert len(listener.connections) == 1
        await sink.close()


async def test_tls_with_their_authority_and_our_certificate(tmp_path: Path) -> None:
    create_development_certificates(tmp_path, ["localhost"], system_clock())
    certificate, key = issue_client_certificate(tmp_path, "us", system_clock())
    with SyslogListener(tls=server_tls(tmp_path, clients=True)) as listener:
        tls = partial(client_tls, tmp_path / "ca.pem", certificate, key)
        sink = Collector("localhost", listener.port, tls, "h", 13)
        await sink.send(lines("secret"))
        await heard(listener, "secret")
        await sink.close()


async def test_an_unknown_authority_and_another_name_are_refused(tmp_path: Path) -> None:
    create_development_certificates(tmp_path, ["elsewhere.example"], system_clock())
    with SyslogListener(tls=server_tls(tmp_path)) as listener:
        for tls in (partial(client_tls, None, None, None), partial(client_tls, tmp_path / "ca.pem", None, None)):
            with pytest.raises(Away, match=r"(?i)certificate"):
                await Collector("localhost", listener.port, tls, "h", 13).send(lines("secret"))
        assert listener.messages == []


async def test_nobody_there() -> None:
    with pytest.raises(Away, match=r"127\.0\.0\.1"):
        await Collector("127.0.0.1", free_port(), None, "h", 13).send(lines("a"))


async def test_a_connection_that_ended_is_noticed_before_anything_settles() -> None:
    with SyslogListener() as listener:
        sink = Collector("127.0.0.1", listener.port, None, "h", 13)
        await sink.send(lines("a"))
        await heard(listener, "a")
        listener.reset()
        await asyncio.sleep(0.2)
        with pytest.raises(Away, match="ended"):
            sink.require_whole()
        with pytest.raises(Away):
            await sink.send(lines("b"))
        await sink.close()
        await sink.send(lines("c"))
        await heard(listener, "a", "c")
        await sink.close()


async def test_a_collector_that_does_not_read_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringfence.app.export.collector.SEND_WITHIN", 0.3)
    with SyslogListener() as listener:
        listener.stalled.set()
        sink = Collector("127.0.0.1", listener.port, None, "h", 13)
        with pytest.raises(Away, match="does not read"):
            await sink.send(lines(*["x" * 1_000_000] * 30))
        listener.stalled.clear()
