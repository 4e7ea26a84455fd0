"""Modules stay small and are named for what they hold."""

import statistics
from pathlib import Path

from tools.tree import ROOT, SOURCE, modules

MEDIAN = 150
LARGEST = 500
NAMELESS = ("helper", "helpers", "util", "utils", "manager", "common", "misc", "base")
"""Names that say nothing about what is inside."""


def faults(root: Path = ROOT, source: Path = SOURCE) -> list[str]:
    """Return what is wrong: a module over the limit, a median over the limit, a name that says nothing."""
    found = []
    lengths = {
        path: len(path.read_text().splitlines())
        for folder in (source, root / "tools", root / "bench", root / "tests")
        for path in modules(folder)
    }
    for path, length in lengths.items():
        name = path.relative_to(root)
        if length > LARGEST:
            found.append(f"{name}: {length} lines; {LARGEST} is the most")
        found += [
            f"{name}: the name {part!r} does not say what is inside"
            for part in (path.stem, path.parent.name)
            if set(part.removeprefix("test_").split("_")) & set(NAMELESS)
        ]
    inside = [n for path, n in lengths.items() if path.is_relative_to(source) and path.name != "__init__.py"]
    if inside and (median := statistics.median(inside)) >= MEDIAN:
        found.append(f"the median module has {median:.0f} lines; under {MEDIAN} is the rule")
    return found
