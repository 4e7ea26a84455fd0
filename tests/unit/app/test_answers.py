import asyncio
import json
from pathlib import Path

import pytest

from ringfence.app.answers import ManagementAnswers
from ringfence.detect.responses import Act
from ringfence.store.interface import Unavailable


async def served(socket: Path, status: int, seen: list[bytes], state: str = "done") -> asyncio.Server:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"}"))
        body = f'{{"state":"{state}"}}'
        head = f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        writer.write((head + body).encode())
        await writer.drain()
        writer.close()

    return await asyncio.start_unix_server(answer, socket)


ACTS = (Act("block", "network", "192.0.2.1", 60), Act("revoke", "grant", "g/1"), Act("throttle", "client", "c", 9, 4.0))


@pytest.mark.parametrize("act", ACTS)
async def test_acts_are_what_an_operator_could_do(tmp_path: Path, act: Act) -> None:
    seen: list[bytes] = []
    server = await served(tmp_path / "s", 201, seen)
    answers = ManagementAnswers(tmp_path / "s")
    assert await answers.carry_out(act, "alert alert_1 some-rule") == f"{act.kind}:{act.what}:{act.value}"
    assert seen[0].startswith(b"POST /responses ")
    body = json.loads(seen[0].partition(b"\r\n\r\n")[2])
    assert (body["alert"], body["rule"], body["by"]) == ("alert_1", "some-rule", "detection")
    assert (body["kind"], body["of"], body["value"]) == (act.kind, act.what, act.value)
    assert (body["seconds"], body["factor"]) == (act.seconds, act.factor)
    await answers.close()
    server.close()


async def test_what_waits_or_is_only_written_down_is_told_so(tmp_path: Path) -> None:
    for state in ("held", "dry-run", "refused"):
        server = await served(tmp_path / state, 201, [], state)
        answers = ManagementAnswers(tmp_path / state)
        assert await answers.carry_out(ACTS[0], "alert a r") == f"block:network:192.0.2.1:{state}"
        await answers.close()
        server.close()


async def test_a_refusal_is_final_and_an_outage_is_not(tmp_path: Path) -> None:
    act = Act("block", "client", "c1", 60)
    server = await served(tmp_path / "s", 404, [])
    answers = ManagementAnswers(tmp_path / "s")
    assert await answers.carry_out(act, "alert a r") == "block:client:c1:refused-404"
    server.close()
    broken = await served(tmp_path / "t", 503, [])
    with pytest.raises(Unavailable):
        await ManagementAnswers(tmp_path / "t").carry_out(act, "alert a r")
    broken.close()
    with pytest.raises(Unavailable):
        await ManagementAnswers(tmp_path / "gone").carry_out(act, "alert a r")
