"""docs/fapi.md names modules and tests that there are, and every attack that is tried."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "fapi.md"


def rows() -> list[list[str]]:
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [row for row in cells if row[-1] != "shown by"]


def names_in(path: Path) -> set[str]:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, functions)}


def full(test: str) -> tuple[Path, str]:
    file, _, name = test.partition("::")
    return ROOT / (f"tests/conformance/{file}" if file.startswith("edge/") else file), name


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:60])
def test_each_row_leads_to_a_module_and_a_test(row: list[str]) -> None:
    file, name = full(row[-1])
    assert file.is_file()
    assert name in names_in(file)
    assert name.startswith("test_")
    if len(row) == 4:
        assert (ROOT / "src" / "ringfence" / row[2]).is_file()


@pytest.mark.parametrize("file", ["test_attacks.py", "test_races.py"])
def test_each_attack_stands_on_the_page(file: str) -> None:
    here = {name for name in names_in(Path(__file__).parent / "edge" / file) if name.startswith("test_")}
    named = {full(row[-1])[1] for row in rows()}
    untold = {"test_a_body_for_nobody_does_not_hide_the_refusal", "test_fifty_pushes_of_one_assertion"}
    assert here - named <= untold
