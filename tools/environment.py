"""Set up `.venv` from the lock files, in one step, and only when something has changed.

This file runs on the machine's own Python before anything is installed, and tells a reader with an
old Python what to install: so it keeps to what Python 3.7 reads, and quotes its newer annotations.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
NEWEST = (3, 13)
LEVELS = {"runtime": ("runtime.txt", "build.txt"), "dev": ("dev.txt",)}
"""What each level installs. `dev` holds all of `runtime` and `build`, in the same versions."""

WHICH_VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"
CAN_SET_UP = "import ensurepip, venv"

NO_PYTHON = """\
Ringfence needs Python 3.11, 3.12 or 3.13; found: {found}.

  Debian 12, Ubuntu 24.04:  sudo apt-get install python3 python3-venv
  Fedora:                   sudo dnf install python3.13
  anywhere:                 a build from python.org, or pyenv

Then say which one:  make PYTHON=python3.13 demo
"""
NO_VENV = """\
{python} cannot make a virtual environment: its venv or ensurepip module is missing.

  Debian, Ubuntu:  sudo apt-get install python3-venv
                   (for another version than the system's own: python{version}-venv)

Then run the same command again.
"""


def version_of(python: str) -> "tuple[int, int] | None":
    """Return major and minor version of an interpreter, or None where there is none that runs."""
    try:
        answer = subprocess.run([python, "-c", WHICH_VERSION], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    major, minor = answer.stdout.decode().split(".")
    return int(major), int(minor)


def text(version: "tuple[int, int]") -> str:
    """Return a version as people write it."""
    return f"{version[0]}.{version[1]}"


def choose(asked: str, existing: str) -> "tuple[str, tuple[int, int]]":
    """Return an interpreter that fits, and its version; exits with what to install where none does.

    The one asked for is the only one tried. Otherwise an environment that stands keeps its Python.
    """
    found = []
    for name in [asked] if asked else [existing, "python3", "python3.13", "python3.12", "python3.11"]:
        version = version_of(name)
        if version is None:
            if asked:
                found.append(f"{asked} does not run")
            continue
        if OLDEST <= version <= NEWEST:
            return name, version
        found.append(f"{name} {text(version)}")
    sys.exit(NO_PYTHON.format(found=", ".join(found) or "none"))


def fingerprint(level: str, version: "tuple[int, int]", place: Path) -> str:
    """Return what an installation depends on, as one word: lock files, project file, Python and place."""
    digest = hashlib.sha256(f"{level} {text(version)} {place}".encode())
    for path in [ROOT / "requirements" / name for name in LEVELS[level]] + [ROOT / "pyproject.toml"]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_ready(place: Path, level: str, version: "tuple[int, int]") -> bool:
    """Say whether `place` holds exactly what the lock files say, at this level or the one above it."""
    if version_of(str(place / "bin" / "python")) != version:
        return False
    for name in ("dev", level):
        stamp = place / f".ready-{name}"
        if stamp.is_file() and stamp.read_text() == fingerprint(name, version, place):
            return True
    return False


def install(place: Path, level: str, python: str, version: "tuple[int, int]") -> None:
    """Make the environment and fill it: exact versions, checked by hash, wheels only, then Ringfence itself.

    Raises:
        subprocess.CalledProcessError: pip could not install; it has said why on standard error.
    """
    inside = place / "bin" / "python"
    if version_of(str(inside)) != version:
        try:
            subprocess.run([python, "-c", CAN_SET_UP], check=True, stderr=subprocess.DEVNULL)
            subprocess.run([python, "-m", "venv", "--clear", str(place)], check=True)
        except subprocess.CalledProcessError:
            shutil.rmtree(str(place), ignore_errors=True)
            sys.exit(NO_VENV.format(python=python, version=text(version)))
    for stamp in place.glob(".ready-*"):
        stamp.unlink()
    pip = [str(inside), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-input"]
    locks = [part for name in LEVELS[level] for part in ("-r", str(ROOT / "requirements" / name))]
    subprocess.run([*pip, "--require-hashes", "--only-binary", ":all:", *locks], check=True)
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)], check=True)
    (place / f".ready-{level}").write_text(fingerprint(level, version, place))


def main() -> None:
    """Set up what the command line asks for, or return at once where it stands already."""
    parser = argparse.ArgumentParser(description="Set up a virtual environment from the lock files.")
    parser.add_argument("level", choices=sorted(LEVELS))
    parser.add_argument("--python", default="", help="the interpreter to use; by default one that fits is found")
    parser.add_argument("--place", default=str(ROOT / ".venv"), help="the environment's folder")
    arguments = parser.parse_args()
    place = Path(arguments.place).absolute()
    python, version = choose(arguments.python, str(place / "bin" / "python"))
    if is_ready(place, arguments.level, version):
        return
    print(f"Setting up {place.name} with Python {text(version)}: once, about a minute.", flush=True)
    try:
        install(place, arguments.level, python, version)
    except subprocess.CalledProcessError:
        sys.exit("The packages could not be installed; pip says why above. Run the same command again to retry.")


if __name__ == "__main__":
    main()
