import asyncio
import json
from pathlib import Path

import pytest

from ringfence.app.refusals import RefusalLog
from ringfence.edge.control import NotAnswering
from ringfence.store.interface import Unavailable


class Stream:
    def __init__(self) -> None:
        self.taken: list[str] = []
        self.gone = False

    def emit(self, event) -> None:
        if self.gone:
            raise Unavailable("disk full")
        self.taken.append(event.correlation)


def line(correlation: str) -> str:
    return json.dumps({"at": "1.5", "correlation": correlation, "status": 400, "details": "x"}) + "\n"


async def no_reopen() -> None:
    raise AssertionError


@pytest.fixture
def stream() -> Stream:
    return Stream()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "refusals.log"


def test_each_line_once_as_the_log_grows(log: Path, stream: Stream) -> None:
    reader = RefusalLog(log, stream.emit, no_reopen)
    reader.read()  # nothing is there yet
    with log.open("a") as file:
        file.write(line("a") + line("b") + line("c")[:20])
        file.flush()
        reader.read()
        assert stream.taken == ["a", "b"]
        file.write(line("c")[20:] + "garbage\n")
        file.flush()
        reader.read()
        reader.read()
    assert stream.taken == ["a", "b", "c"]


def test_a_restart_goes_on_where_the_last_reader_got_to(log: Path, stream: Stream) -> None:
    log.write_text(line("a"))
    RefusalLog(log, stream.emit, no_reopen).read()
    with log.open("a") as file:
        file.write(line("b"))
    RefusalLog(log, stream.emit, no_reopen).read()
    assert stream.taken == ["a", "b"]


def test_a_log_that_was_begun_anew_meanwhile_is_read_from_its_start(log: Path, stream: Stream) -> None:
    log.write_text(line("a") * 3)
    RefusalLog(log, stream.emit, no_reopen).read()
    log.write_text(line("b"))
    RefusalLog(log, stream.emit, no_reopen).read()
    assert stream.taken == ["a", "a", "a", "b"]


def test_what_the_stream_does_not_take_is_tried_again(log: Path, stream: Stream) -> None:
    log.write_text(line("a"))
    reader = RefusalLog(log, stream.emit, no_reopen)
    stream.gone = True
    with pytest.raises(Unavailable):
        reader.read()
    stream.gone = False
    reader.read()
    assert stream.taken == ["a"]


def test_a_log_that_has_grown_is_followed_by_a_new_one_and_no_line_is_lost(log: Path, stream: Stream) -> None:
    old = log.with_suffix(".old")
    log.write_text(line("a"))
    answers = iter((False, True))

    async def reopen() -> None:
        with old.open("a") as file:  # Envoy still writes there
            file.write(line("b"))
        if not next(answers):
            raise NotAnswering
        with log.open("w") as file:
            file.write(line("c"))

    reader = RefusalLog(log, stream.emit, reopen, settle=0)
    reader.read()
    with pytest.raises(NotAnswering):
        asyncio.run(reader.rotate())
    reader.read()
    assert stream.taken == ["a", "b"]
    asyncio.run(RefusalLog(log, stream.emit, reopen, settle=0).rotate())
    assert stream.taken == ["a", "b", "b"]
    assert not old.exists()
    RefusalLog(log, stream.emit, reopen).read()
    assert stream.taken == ["a", "b", "b", "c"]
