import asyncio
from pathlib import Path

from ringfence.app.watch import LOOK_EVERY, on_change, stamp


def test_a_missing_file_has_a_stamp_that_changes_when_it_appears(tmp_path: Path) -> None:
    file = tmp_path / "a"
    before = stamp([file])
    file.write_text("x")
    assert stamp([file]) != before


async def test_a_change_is_told_once_it_has_settled(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("1")
    told: list[str] = []

    async def act() -> None:
        told.append(file.read_text())

    task = asyncio.create_task(on_change(lambda: [file], act))
    try:
        await asyncio.sleep(LOOK_EVERY / 2)
        file.write_text("22")
        await asyncio.sleep(4 * LOOK_EVERY)
        assert told == ["22"]
    finally:
        task.cancel()


async def test_a_change_while_acting_is_acted_on_too(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("1")
    told: list[str] = []

    async def act() -> None:
        told.append(file.read_text())
        if len(told) == 1:
            file.write_text("333")
            await asyncio.sleep(0.1)

    task = asyncio.create_task(on_change(lambda: [file], act))
    try:
        await asyncio.sleep(LOOK_EVERY / 2)
        file.write_text("22")
        await asyncio.sleep(7 * LOOK_EVERY)
        assert told == ["22", "333"]
    finally:
        task.cancel()
