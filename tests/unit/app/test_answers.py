import asyncio
from pathlib import Path

import pytest

from ringfence.app.answers import ManagementAnswers
from ringfence.detect.responses import Act
from ringfence.store.interface import Unavailable


async def served(socket: Path, status: int, seen: list[bytes]) -> asyncio.Server:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"}"))
        writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}".encode())
        await writer.drain()
        writer.close()

    return await asyncio.start_unix_server(answer, socket)


@pytest.mark.parametrize(
    ("act", "path"),
    [
        (Act("block", "network", "192.0.2.1", 60), b"POST /blocks "),
        (Act("revoke", "grant", "g/1"), b"POST /grants/g%2F1/revoke "),
    ],
)
async def test_acts_are_what_an_operator_could_do(tmp_path: Path, act: Act, path: bytes) -> None:
    seen: list[bytes] = []
    server = await served(tmp_path / "s", 201, seen)
    answers = ManagementAnswers(tmp_path / "s")
    assert await answers.carry_out(act, "alert x") == f"{act.kind}:{act.what}:{act.value}"
    assert seen[0].startswith(path)
    assert b"alert x" in seen[0]
    await answers.close()
    server.close()


async def test_a_refusal_is_final_and_an_outage_is_not(tmp_path: Path) -> None:
    act = Act("block", "client", "c1", 60)
    server = await served(tmp_path / "s", 404, [])
    answers = ManagementAnswers(tmp_path / "s")
    assert await answers.carry_out(act, "w") == "block:client:c1:refused-404"
    server.close()
    broken = await served(tmp_path / "t", 503, [])
    with pytest.raises(Unavailable):
        await ManagementAnswers(tmp_path / "t").carry_out(act, "w")
    broken.close()
    with pytest.raises(Unavailable):
        await ManagementAnswers(tmp_path / "gone").carry_out(act, "w")
