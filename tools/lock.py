"""Resolve the dependencies anew into `requirements/*.txt`, for every Python and machine we support, with hashes.

Needs the network. `uv` does the resolving, in an environment of its own that is thrown away: nothing
else here depends on it.
"""

import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "requirements"
PYTHONS = ("3.11", "3.12", "3.13")
MACHINES = ("x86_64-manylinux_2_31", "aarch64-manylinux_2_31")
"""glibc 2.31 is what the Envoy wheel asks for: Debian 11, Ubuntu 20.04 and later."""
HEADER = "# Written by `make lock`. Do not edit: change pyproject.toml and run it again.\n"


def run(command: list[str]) -> None:
    """Run `uv` away from settings that name an index, so that none can end up in a file."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("UV_")}
    subprocess.run(command, check=True, cwd=ROOT, env=kept, stdout=subprocess.DEVNULL)


def resolve(uv: str, sources: list[str], target: Path, constraint: Path | None = None) -> None:
    """Write one lock file: every version for every Python and Linux machine, with the hashes of all its files."""
    options = ["--universal", "--python-version", PYTHONS[0], "--generate-hashes", "--no-header", "--quiet"]
    options += ["--no-emit-index-url", "--no-emit-find-links", "--no-annotate", "--upgrade", "--no-python-downloads"]
    if constraint:
        options += ["--constraint", str(constraint)]
    run([uv, "pip", "compile", *sources, *options, "--output-file", str(target)])
    target.write_text(HEADER + target.read_text())


def prove(uv: str, lock: Path) -> None:
    """Resolve the lock from wheels only on each Python and machine: nobody may ever need a compiler."""
    for python in PYTHONS:
        for machine in MACHINES:
            print(f"  {lock.name}: wheels for Python {python} on {machine}")
            where = ["--python-version", python, "--python-platform", machine, "--no-python-downloads"]
            run([uv, "pip", "compile", str(lock), "--only-binary", ":all:", "--quiet", *where])


def main() -> None:
    """Write the three lock files and prove them."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        groups: dict[str, list[str]] = tomllib.load(file)["dependency-groups"]
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        subprocess.run([sys.executable, "-m", "venv", str(scratch / "venv")], check=True)
        tools = ["-r", str(LOCKS / "lock-tools.in")]
        subprocess.run([str(scratch / "venv/bin/pip"), "install", "--quiet", *tools], check=True)
        uv = str(scratch / "venv/bin/uv")
        wanted = scratch / "dev.in"
        wanted.write_text("\n".join(groups["dev"]) + "\n")
        build = str(LOCKS / "build.in")
        resolve(uv, ["pyproject.toml", build, str(wanted)], LOCKS / "dev.txt")
        resolve(uv, ["pyproject.toml"], LOCKS / "runtime.txt", LOCKS / "dev.txt")
        resolve(uv, [build], LOCKS / "build.txt", LOCKS / "dev.txt")
        prove(uv, LOCKS / "dev.txt")


if __name__ == "__main__":
    main()
