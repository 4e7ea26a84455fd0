import subprocess
import sys

import pytest

from bench.processes import cost, family, start, stop, until_answers

BUSY = "import sys\nfor i in range(3_000_000): pass\nsys.stdout.write('x'); sys.stdout.flush(); sys.stdin.read()"


def test_cost_counts_a_process_and_its_children():
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}])"
    with subprocess.Popen([sys.executable, "-c", outer], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.read(1)
        assert len(family(process.pid)) == 2
        assert cost(process.pid).cpu_us > 20_000
        process.stdin.close()


def test_a_process_that_ends_early_says_why(tmp_path):
    log = tmp_path / "log"
    process = start([sys.executable, "-c", "raise SystemExit('no certificate')"], log)
    with pytest.raises(RuntimeError, match="no certificate"):
        until_answers([1], process, log)
    stop(process)
