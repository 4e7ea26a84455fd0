"""Write `docs/specs.md`: which module implements which section, from the modules' first lines."""

import ast
import re
import sys
from pathlib import Path

from tools.tree import ROOT, SOURCE, dotted, modules

PAGE = ROOT / "docs" / "specs.md"
FIRST_LINE = re.compile(r"^(?P<concept>[^\s].*?[.:!?])(?:  (?P<sections>\S.*?))?\.?$")
"""A sentence; where the module implements a specification, two spaces and its sections, parted by `;`."""

SPECIFICATION = re.compile(
    r"(?:RFC \d+(?:bis)?|draft-[\w-]+|OpenID Connect [A-Z]\w+|OpenID CIBA|OpenID Shared Signals|OpenID CAEP|OpenID RISC|FAPI-CIBA|OAuth 2\.\d [A-Z]\w+|JARM|FAPI 2\.0|OpenAPI 3|JSON Schema|ISO(?:/IEC)? [\d-]+"
    r"|W3C [A-Z]\w+|HTML|WCAG 2|Content Security Policy|Web Authentication Level 3|ASGI 3|xDS|Envoy|YAML 1\.2|NIST SP [\w-]+|FIPS [\d-]+|C2SP [\w-]+|OWASP \w+|PCI DSS|SCA RTS|CWE-\d+|Sigma \w+|OCSF 1|ECS 8|Standard Webhooks 1|STIX 2|TAXII 2|OTLP 1)\b"
)
"""How the name of a specification begins that we cite. A part that begins with `§` belongs to the one before it."""

HEAD = """\
# Specifications, and where each is implemented

Written by `make specs` from the first line of every module; `make check` fails when it is stale.
"""


def first_line(path: Path) -> str:
    """Return the first line of a module's docstring, or nothing."""
    return (ast.get_docstring(ast.parse(path.read_bytes())) or "").split("\n")[0].strip()


def sections(line: str) -> list[str]:
    """Return the sections that a first line names."""
    match = FIRST_LINE.match(line)
    parts = match.group("sections") if match else None
    found: list[str] = []
    for part in parts.split(";") if parts else []:
        name = part.strip()
        found.append(f"{found[-1].partition(' §')[0]} {name}" if name.startswith("§") and found else name)
    return found


def order(section: str) -> tuple[str, list[int]]:
    """Return what sorts sections by specification, then by number."""
    return section.partition(" §")[0], [int(number) for number in re.findall(r"\d+", section)]


def faults_in_lines(source: Path = SOURCE) -> list[str]:
    """Return the modules whose first line does not say what they hold."""
    found = []
    for path in modules(source):
        line = first_line(path)
        if not FIRST_LINE.match(line):
            found.append(f"{dotted(path, source)}: the first line must be a sentence: {line!r}")
        found += [
            f"{dotted(path, source)}: not a specification that we know: {section!r}"
            for section in sections(line)
            if not SPECIFICATION.match(section)
        ]
    return found


def page(source: Path = SOURCE) -> str:
    """Return the whole page: the index by section, then every module with its concept."""
    rows, concepts = [], []
    for path in modules(source):
        name, line = dotted(path, source), first_line(path)
        match = FIRST_LINE.match(line)
        concept = match.group("concept") if match else line
        rows += [(section, name) for section in sections(line)]
        if path.name != "__init__.py":
            concepts.append(f"| `{name}` | {concept.rstrip('.:')} |")
    rows.sort(key=lambda row: (order(row[0]), row[1]))
    index = [f"| {section} | `{name}` |" for section, name in rows]
    parts = [HEAD, "| section | module |", "|---|---|", *index, "", "## Every module", ""]
    return "\n".join([*parts, "| module | holds |", "|---|---|", *concepts, ""])


def faults(source: Path = SOURCE, target: Path = PAGE) -> list[str]:
    """Return what is wrong: a first line that says too little, or a stale page."""
    found = faults_in_lines(source)
    if not target.is_file() or target.read_text() != page(source):
        found.append(f"{target.name} is stale; run `make specs`")
    return found


if __name__ == "__main__":
    PAGE.write_text(page())
    sys.exit("\n".join(faults()) or 0)
