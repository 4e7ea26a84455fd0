"""What ships is under a licence that leaves its users free."""

import importlib.metadata
import re
from pathlib import Path

from tools.tree import ROOT

FREE = re.compile(
    r"\b(?:MIT|BSD|Apache|ISC|PSF|Python-2\.0|MPL|0BSD|Zlib|Unlicense|OLDAP|OpenLDAP|LGPL)", re.IGNORECASE
)
"""Licences that ask nothing of the program around them; MPL asks only for changes to its own files."""

BINDING = re.compile(r"\bA?GPL", re.IGNORECASE)
"""Licences that would reach our users' own code."""


def locked(lock: Path) -> list[tuple[str, str]]:
    """Return name and version of everything a lock file pins."""
    return re.findall(r"^([a-z0-9][\w.-]*)==([^\s;]+)", lock.read_text(), re.MULTILINE)


def licence(name: str) -> str:
    """Return the licence that an installed distribution declares, from the field or its classifiers."""
    metadata = importlib.metadata.distribution(name).metadata
    classifiers = [c.rsplit(" :: ", 1)[-1] for c in metadata.get_all("Classifier") or [] if c.startswith("License ::")]
    declared = " ".join((metadata.get_all("License-Expression") or metadata.get_all("License") or [])[:1])
    first_line = declared.strip().splitlines()[0] if declared.strip() else ""
    return first_line or ", ".join(classifiers)


def faults(lock: Path = ROOT / "requirements" / "runtime.txt") -> list[str]:
    """Return what ships under a licence that binds, or under one that nobody has judged."""
    found = []
    for name, _ in locked(lock):
        declared = licence(name)
        if BINDING.search(declared) and not re.search(r"\bLGPL", declared):
            found.append(f"{name}: {declared!r} would bind our users")
        elif not FREE.search(declared):
            found.append(f"{name}: nobody has judged the licence {declared!r}")
    return found
