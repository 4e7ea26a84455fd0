"""The role over a real policy, and a worker that sees what it writes."""

import asyncio
from pathlib import Path

from ringfence.app.intelligence.known import KnownInPlace
from ringfence.app.intelligence.role import intelligence_role
from ringfence.app.intelligence.table_file import TableFile
from ringfence.app.process import Signals
from ringfence.clock import monotonic_seconds, system_clock
from ringfence.edge.certificates import create_development_certificates
from ringfence.edge.files import replace_file
from tests.unit.app.conftest import OPENAPI, POLICY


async def named(table: TableFile, address: str, feeds: tuple[str, ...]) -> float:
    """Return the seconds that it took until an address is named by these feeds."""
    began = monotonic_seconds()
    while table.of(address, "", system_clock()).feeds != feeds:
        assert monotonic_seconds() - began < 30
        await asyncio.sleep(0.02)
    return monotonic_seconds() - began


async def test_feeds_reach_a_worker_as_they_change(tmp_path: Path) -> None:
    create_development_certificates(tmp_path / "certs", ["localhost"], system_clock())
    (tmp_path / "bank.yaml").write_text(OPENAPI)
    (tmp_path / "list").write_text("203.0.114.7\n")
    policy = tmp_path / "ringfence.yaml"
    text = POLICY + "\nintelligence: {feeds: {a: {path: list, action: ACTION}}}\n"
    policy.write_text(text.replace("ACTION", "tag"))
    signals = Signals(asyncio.Event(), asyncio.Event())
    role = asyncio.create_task(intelligence_role(policy)(signals))
    place = tmp_path / "state" / "intelligence"
    table = TableFile(place / "table")
    await named(table, "203.0.114.7", ("a",))

    replace_file(tmp_path / "list", b"203.0.114.8\n")
    await named(table, "203.0.114.8", ("a",))
    assert table.of("203.0.114.7", "", system_clock()).feeds == ()

    policy.write_text(text.replace("ACTION", "refuse"))
    signals.reload.set()
    while table.of("203.0.114.8", "", system_clock()).action != "refuse":
        await asyncio.sleep(0.02)

    known = KnownInPlace(place)
    known.ask()
    while (place / "asked").exists():
        await asyncio.sleep(0.02)
    signals.stop.set()
    await asyncio.wait_for(role, 30)
    assert known.status().feeds[0].entries == 1
