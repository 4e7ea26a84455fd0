"""Every gate, one after the other; each says what is wrong, and the last line says which did not pass."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tools import errors, licences, mirror, reasons, sizes, specs, traces
from tools.tree import ROOT

BIN = Path(sys.executable).parent

COMMANDS = {
    "format": ["ruff", "format", "--check", "--output-format", "concise", "."],
    "lint": ["ruff", "check", "--output-format", "concise", "."],
    "types": ["mypy"],
    "layers": ["lint-imports", "--no-cache", "--no-logo"],
}
"""Gates that are somebody else's program."""

SCRIPTS: dict[str, Callable[[], list[str]]] = {
    "sizes": sizes.faults,
    "mirror": mirror.faults,
    "specs": specs.faults,
    "errors": errors.faults,
    "reasons": reasons.faults,
    "traces": traces.faults,
    "licences": licences.faults,
}
"""Gates that are ours."""


def main() -> int:
    """Run the gates named on the command line, or all of them; return how many did not pass."""
    wanted = sys.argv[1:] or [*COMMANDS, *SCRIPTS]
    failed = []
    for name in wanted:
        if name in COMMANDS:
            ran = subprocess.run(
                [BIN / COMMANDS[name][0], *COMMANDS[name][1:]], check=False, cwd=ROOT, capture_output=True, text=True
            )
            said = (ran.stdout + ran.stderr).strip().splitlines() if ran.returncode else []
            passed = ran.returncode == 0
        else:
            said = SCRIPTS[name]()
            passed = not said
        print(f"{'ok  ' if passed else 'FAIL'}  {name}", flush=True)
        for line in said:
            print(f"      {line}")
        if not passed:
            failed.append(name)
    print(
        f"{len(failed)} of {len(wanted)} gates failed: {', '.join(failed)}"
        if failed
        else f"all {len(wanted)} gates pass"
    )
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
