"""The project's own files, as the gates read them."""

import ast
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "ringfence"


def modules(folder: Path) -> list[Path]:
    """Return every Python file below `folder`, in order."""
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def dotted(path: Path, source: Path = SOURCE) -> str:
    """Return a module's dotted name below the package, `proofs.dpop`; a package's `__init__` is the package."""
    parts = list(path.relative_to(source).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def has_logic(path: Path) -> bool:
    """Say whether a module holds a function whose body does anything: types and tables alone need no test."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = [
                part for part in node.body if not (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))
            ]
            if body:
                return True
    return False


def listed(path: Path) -> dict[str, str]:
    """Return the lines of a list that only shrinks: name to reason, comments and blank lines left out."""
    if not path.is_file():
        return {}
    lines = (line.split("#", 1) for line in path.read_text().splitlines())
    return {line[0].strip(): line[1].strip() if len(line) > 1 else "" for line in lines if line[0].strip()}


def files() -> list[Path]:
    """Return every file that git knows or would take, in order."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0")
    return sorted(path for path in {ROOT / name for name in names if name} if path.is_file())
