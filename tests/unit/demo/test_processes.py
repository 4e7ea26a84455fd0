import os
import time

import pytest

from ringfence.demo.processes import Processes, StartFailed


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_all_are_ended_also_after_an_error(tmp_path):
    pids: list[int] = []

    def fail() -> None:
        with Processes(tmp_path) as processes:
            for name in "ab":
                processes.start(name, "-c", "import time; time.sleep(60)")
            pids.extend(process.pid for process in processes._running.values())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert len(pids) == 2
    assert not any(alive(pid) for pid in pids)


def test_one_that_ends_early_is_told_with_the_end_of_its_log(tmp_path):
    with Processes(tmp_path) as processes:
        processes.start("broken", "-c", "import sys; print('x' * 10); sys.exit('no such port')")
        with pytest.raises(StartFailed, match="broken ended with status 1") as failed:
            processes.wait_until(lambda: False, "it", 20)
    assert "no such port" in str(failed.value)


def test_one_that_is_never_ready_is_not_waited_for_for_ever(tmp_path):
    began = time.monotonic()
    with Processes(tmp_path) as processes:
        processes.start("idle", "-c", "import time; time.sleep(60)")
        with pytest.raises(StartFailed, match="the thing was not ready"):
            processes.wait_until(lambda: False, "the thing", 0.2)
    assert time.monotonic() - began < 10
