from pathlib import Path

from tools.tree import ROOT, dotted, files, has_logic, listed


def test_dotted_name_of_module_and_package(tree):
    assert dotted(tree.source / "proofs" / "dpop.py", tree.source) == "proofs.dpop"
    assert dotted(tree.source / "proofs" / "__init__.py", tree.source) == "proofs"


def test_protocols_and_tables_hold_no_logic(tree):
    path = tree.write(
        "src/ringfence/ports.py", 'class P:\n    def f(self) -> int:\n        """Say."""\n        ...\nX = 1\n'
    )
    assert not has_logic(path)


def test_one_statement_in_a_method_is_logic(tree):
    assert has_logic(
        tree.write("src/ringfence/a.py", 'class P:\n    def f(self):\n        """Say."""\n        return 1\n')
    )


def test_list_keeps_reasons_and_drops_comments(tree):
    path = tree.write("debt.txt", "# head\n\na.b  # because\nc\n")
    assert listed(path) == {"a.b": "because", "c": ""}
    assert listed(Path(tree.root / "absent")) == {}


def test_files_are_those_that_git_takes():
    names = {str(path.relative_to(ROOT)) for path in files()}
    assert "pyproject.toml" in names
    assert not any(name.startswith((".venv/", ".git/")) for name in names)
