import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from ringfence.app import answering as module
from ringfence.app.answering import Answering
from ringfence.clock import Instant
from ringfence.detect.alert import Alert
from ringfence.detect.responses import Act
from ringfence.store.embedded.sqlite_watch import SqliteWatch
from ringfence.store.interface import Unavailable
from ringfence.store.watch_interface import KeptAlert

NOW = Instant(1_800_000_000.0)


class Management:
    """Refuses some networks, hangs at others, and does the rest."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.away: set[str] = set()
        self.hanging: set[str] = set()
        self.broken: set[str] = set()

    async def carry_out(self, act: Act, why: str) -> str:
        assert why.startswith("alert alert_")
        self.asked.append(act.value)
        if act.value in self.hanging:
            await asyncio.Event().wait()
        if act.value in self.broken:
            raise RuntimeError("not understood")
        if act.value in self.away:
            raise Unavailable("away")
        return f"{act.kind}:{act.value}"


async def acts(alert: Alert) -> tuple[Act, ...]:
    return tuple(Act("block", "network", value, 60) for value in alert.group["network"].split("+"))


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[SqliteWatch]:
    watch = SqliteWatch(tmp_path / "watch.db")
    yield watch
    await watch.close()


def waiting(n: int, network: str) -> KeptAlert:
    alert = Alert(f"alert_{n:05d}", "r", NOW, n, "high", "enforce", "t", {"network": network}, {}, "e", ())
    detail = msgspec.Raw(msgspec.json.encode(alert))
    return KeptAlert(alert.alert_id, "r", Instant(NOW + n), "high", "enforce", "t", "e", detail)


def answering(records: SqliteWatch, management: Management, now: float = NOW) -> Answering:
    return Answering(records, management, acts, lambda: Instant(now))


async def answered(records: SqliteWatch, n: int) -> str:
    kept = await records.alert(f"alert_{n:05d}")
    assert kept is not None
    return kept.answered


async def test_what_fails_waits_and_holds_up_nothing(records: SqliteWatch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE", -1.0)
    management = Management()
    management.away, management.broken = {"a"}, {"b"}
    await records.keep([waiting(n, "a" if n < 20 else "b" if n < 40 else f"n{n}") for n in range(60)])
    answers = answering(records, management)
    await answers.once()
    assert [await answered(records, n) for n in (0, 20, 40, 59)] == ["", "", "block:n40", "block:n59"]
    before = len(management.asked)
    await answers.once()
    assert len(management.asked) == before, "none is due again yet"


async def test_behind_thousands_that_cannot_be_done_a_new_one_is(
    records: SqliteWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE", -1.0)
    management = Management()
    management.away = {"a"}
    await records.keep([waiting(n, "a") for n in range(1_200)])
    answers = answering(records, management)
    await answers.once()
    await records.keep([waiting(9_999, "new")])
    await answers.once()
    assert await answered(records, 9_999) == "block:new"


async def test_what_hangs_leaves_room(records: SqliteWatch) -> None:
    management = Management()
    management.hanging = {"h"}
    await records.keep([waiting(n, "h" if n < module.AT_ONCE - 1 else f"n{n}") for n in range(30)])
    running = asyncio.create_task(answering(records, management).run())
    async with asyncio.timeout(30):
        while not await answered(records, 29):
            await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert management.asked.count("h") == module.AT_ONCE - 1


async def test_what_could_be_done_of_an_alert_is_and_the_rest_later(
    records: SqliteWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE", -1.0)
    monkeypatch.setattr(module, "FIRST_WAIT", 0.0)
    management = Management()
    management.away = {"a"}
    await records.keep([waiting(1, "a+b")])
    answers = answering(records, management)
    await answers._begin()
    await asyncio.gather(*answers._under_way.values())
    assert management.asked == ["a", "b"]
    management.away = set()
    await answers.once()
    assert await answered(records, 1) == "block:a block:b"


async def test_what_would_be_over_is_not_done(records: SqliteWatch) -> None:
    management = Management()
    await records.keep([waiting(1, "a")])
    await answering(records, management, NOW + 61).once()
    assert (await answered(records, 1), management.asked) == (module.TOO_LATE, [])


async def test_it_waits_longer_each_time_and_no_longer_than_a_minute(
    records: SqliteWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr(module, "monotonic_seconds", lambda: clock[0])
    management = Management()
    management.away = {"a"}
    await records.keep([waiting(1, "a")])
    answers, tried = answering(records, management), []
    for second in range(400):
        clock[0] = 1000.0 + second
        before = len(management.asked)
        await answers.once()
        tried += [second] * (len(management.asked) - before)
    assert tried == [0, 1, 3, 7, 15, 31, 63, 123, 183, 243, 303, 363]


async def test_where_records_are_away_it_goes_on_when_they_are_back(
    records: SqliteWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    management, real, fails = Management(), records.unanswered, [True, True]

    async def unanswered(skip: int = 0) -> list[KeptAlert]:
        if fails:
            fails.pop()
            raise Unavailable("locked")
        return await real(skip)

    monkeypatch.setattr(records, "unanswered", unanswered)
    monkeypatch.setattr(module, "LOOK_EVERY", 0.01)
    await records.keep([waiting(1, "a")])
    running = asyncio.create_task(answering(records, management).run())
    async with asyncio.timeout(30):
        while not await answered(records, 1):
            await asyncio.sleep(0.01)
    running.cancel()
    assert management.asked == ["a"]
