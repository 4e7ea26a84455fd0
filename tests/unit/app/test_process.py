import asyncio
import os
import signal

from ringfence.app.process import Background, Signals, on_reload, run_role


def test_sigterm_and_sighup_reach_the_role() -> None:
    seen: list[str] = []

    async def role(signals: Signals) -> None:
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.wait_for(signals.reload.wait(), 5)
        seen.append("reload")
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(signals.stop.wait(), 5)
        seen.append("stop")

    before = os.umask(0o022)
    try:
        run_role(role, child=False)
    finally:
        os.umask(before)
    assert seen == ["reload", "stop"]


async def test_a_failing_reload_is_not_the_last() -> None:
    signals = Signals(asyncio.Event(), asyncio.Event())
    calls: list[int] = []

    def act() -> None:
        calls.append(1)
        raise ValueError

    background = Background()
    background.add(on_reload(signals, act), "reload")
    for count in (1, 2):
        signals.reload.set()
        async with asyncio.timeout(5):
            while len(calls) < count:
                await asyncio.sleep(0)
    await background.end()
    assert calls == [1, 1]
