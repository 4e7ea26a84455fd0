import asyncio

import pytest

from ringfence.edge.control import Control, NotAnswering, until

ANSWERS = {
    "/ready": "LIVE\n",
    "/stats?usedonly&filter=^http.": "http.public.downstream_rq_active: 2\nhttp.admin.downstream_rq_active: 1\n"
    'http.mtls.downstream_rq_active: 3\nhttp.mtls.downstream_rq_total: 9\nhttp.x.text: "a"\n',
    "/listeners?format=json": '{"listener_statuses": [{"name": "public"}]}',
    "/config_dump": '{"configs": [{"a": {"error_state": {"details": "first"}}}, {"error_state": {"details": "second"}}]}',
    "/config_dump?resource=dynamic_warming_secrets": '{"configs": [{"name": "mtls-certificate"}]}',
}


@pytest.fixture
async def control(tmp_path):
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        status = "200 OK" if target in ANSWERS else "404 Not Found"
        body = ANSWERS.get(target, "")
        writer.write(f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n{body}".encode())
        await writer.drain()
        writer.close()

    path = tmp_path / "a"
    async with await asyncio.start_unix_server(answer, path):
        yield Control(path)


async def test_answers_are_understood(control):
    assert await control.ready()
    assert await control.calls_under_way() == 5
    assert await control.active_listeners() == {"public"}
    assert await control.missing_secrets() == ("mtls-certificate",)
    assert await control.mistakes() == ("first", "second")


async def test_an_unexpected_answer_is_no_answer(control):
    with pytest.raises(NotAnswering):
        await control.counters("unknown")


async def test_nobody_there_is_not_ready(tmp_path):
    assert not await Control(tmp_path / "absent").ready()


async def test_until_gives_up():
    async def never() -> bool:
        return False

    assert not await until(never, 0.05)
