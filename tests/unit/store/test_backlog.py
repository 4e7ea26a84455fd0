"""Bytes that wait in journals, seen from outside."""

from pathlib import Path

from ringfence.ids import system_random
from ringfence.store.backlog import backlog, written
from ringfence.store.journal import Journal


async def test_what_is_written_and_not_shipped(tmp_path: Path) -> None:
    one, other = (Journal.create(tmp_path, role, system_random) for role in ("gateway_0", "oauth"))

    async def shipped(name: str) -> int:
        return 6 if name == one.name else 0

    assert await backlog(tmp_path, shipped) == 0
    one.append(b"12345\n")
    one.append(b"123\n")
    other.append(b"1\n")
    assert (written(one.path), written(other.path)) == (10, 2)
    assert await backlog(tmp_path, shipped) == 4 + 2
    one.remove()
    assert written(one.path) == 0
    assert await backlog(tmp_path, shipped) == 2
    other.close()
