"""A small tree to judge: `src/ringfence`, `tests/unit` and the lists beside them."""

from pathlib import Path

import pytest


class Tree:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.source = root / "src" / "ringfence"
        self.source.mkdir(parents=True)
        (root / "tests" / "unit").mkdir(parents=True)

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)
