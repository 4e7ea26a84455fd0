import asyncio
import os
import signal
import sys
from pathlib import Path

from ringfence.app.roles import Role
from ringfence.app.supervisor import Supervisor

SLEEPER = "import time,sys; open(sys.argv[1],'a').write('x'); time.sleep(60)"
DEAF = "import signal,time,sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); open(sys.argv[1],'a').write('x'); time.sleep(60)"


def role(script: str, mark: Path) -> Role:
    return Role("r", (sys.executable, "-c", script, str(mark)), reloads=False)


async def until(condition: object) -> None:
    async with asyncio.timeout(20):
        while not condition():  # type: ignore[operator]
            await asyncio.sleep(0.02)


async def test_a_killed_role_is_started_again_and_told(tmp_path: Path) -> None:
    exits: list[tuple[str, int]] = []
    supervisor = Supervisor(lambda role, code, _delay: exits.append((role.name, code)))
    mark = tmp_path / "m"
    supervisor.keep(role(SLEEPER, mark))
    await until(mark.exists)
    first = supervisor.pid("r")
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await until(lambda: mark.read_text() == "xx")
    assert exits == [("r", -signal.SIGKILL)]
    assert supervisor.pid("r") != first
    await supervisor.stop(["r"], 5.0)
    assert supervisor.names() == ()
    assert len(exits) == 1


async def test_a_role_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    supervisor = Supervisor(lambda *_: None)
    mark = tmp_path / "m"
    supervisor.keep(role(DEAF, mark))
    await until(mark.exists)
    pid = supervisor.pid("r")
    assert pid is not None
    await supervisor.stop(["r"], 0.3)
    await until(lambda: not Path(f"/proc/{pid}").exists())
