"""Nothing in the tree names the machine it was written on, or the index its packages came from."""

import re
from pathlib import Path

from tools.tree import ROOT, files

TRACES = {
    "a path of one machine": re.compile(r"(?<![\w.}])/(?:work|root|Users|home/[a-z]+)/"),
    "the address of a package index": re.compile(
        r"\b(?:pypi\.org|pythonhosted\.org|registry\.npmjs\.org|artifactory|nexus)\b|\"resolved\":|--(?:index-url|find-links)\b"
    ),
    "a private key": re.compile(r"-----BEGIN (?:EC |RSA )?PRIVATE KEY-----\s+[A-Za-z0-9+/]{40}"),
}
EXCEPT = ("tools/traces.py", "tests/unit/tools/test_traces.py")
"""The two files that have to write the traces down."""


def faults(root: Path = ROOT, paths: list[Path] | None = None) -> list[str]:
    """Return where a trace stands: file, line and what it is."""
    found = []
    for path in files() if paths is None else paths:
        name = str(path.relative_to(root))
        if name in EXCEPT:
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        for what, pattern in TRACES.items():
            found += [
                f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {what}: {match.group().strip()!r}"
                for match in pattern.finditer(text)
            ]
    return found
