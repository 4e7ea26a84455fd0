import stat
from pathlib import Path

import pytest

from ringfence.app.export.files import Files
from ringfence.app.export.sink import Away
from ringfence.clock import Instant
from ringfence.export.line import Line


def contents(directory: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in directory.iterdir()}


def lines(*texts: str) -> list[Line]:
    return [Line(n, f"{n}-a", "login.decided", Instant(1.0), 1, text) for n, text in enumerate(texts, 1)]


async def test_lines_are_appended_to_a_private_file(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    sink = Files(path, 1 << 20, 3)
    assert await sink.send(lines("a", "é")) == 2
    await sink.send(lines("c"))
    sink.require_whole()
    await sink.close()
    assert path.read_text() == "a\né\nc\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_full_file_becomes_the_first_of_the_earlier_ones(tmp_path: Path) -> None:
    path = tmp_path / "e"
    sink = Files(path, 10, 2)
    for text in ("11111111", "22222222", "33333333", "44444444"):
        await sink.send(lines(text))
    await sink.close()
    assert contents(tmp_path) == {
        "e": "44444444\n",
        "e.1": "33333333\n",
        "e.2": "22222222\n",
    }


async def test_a_torn_line_is_taken_away_before_it_is_written_again(tmp_path: Path) -> None:
    path = tmp_path / "e"
    path.write_bytes(b"whole\n" + b"x" * 200_000)
    sink = Files(path, 1 << 30, 2)
    await sink.send(lines("again"))
    await sink.close()
    assert path.read_text() == "whole\nagain\n"


async def test_a_file_that_somebody_else_rotated_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "e"
    sink = Files(path, 1 << 30, 2)
    await sink.send(lines("a"))
    path.rename(tmp_path / "theirs")
    await sink.send(lines("b"))
    await sink.close()
    assert ((tmp_path / "theirs").read_text(), path.read_text()) == ("a\n", "b\n")


async def test_no_directory_and_no_link_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(Away, match="No such file"):
        await Files(tmp_path / "gone" / "e", 10, 1).send(lines("a"))
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(Away):
        await Files(tmp_path / "link", 10, 1).send(lines("a"))
    assert not (tmp_path / "target").exists()
