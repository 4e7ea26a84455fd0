import pytest

from tools.specs import faults, page, sections


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Bind a token to its key.  RFC 9449 §4.3.", ["RFC 9449 §4.3"]),
        ("Why something was refused.  RFC 9457; RFC 6749 §5.2.", ["RFC 9457", "RFC 6749 §5.2"]),
        ("A pointer.  RFC 6901 §4; §6 for its form in a URI.", ["RFC 6901 §4", "RFC 6901 §6 for its form in a URI"]),
        ("A ledger in SQLite.", []),
    ],
)
def test_sections_of_a_first_line(line, expected):
    assert sections(line) == expected


def test_page_sorts_sections_by_number_and_lists_every_module(tree):
    tree.write("src/ringfence/a.py", '"""Second.  RFC 9449 §10."""\n')
    tree.write("src/ringfence/b.py", '"""First.  RFC 9449 §9.1."""\n')
    text = page(tree.source)
    assert text.index("| RFC 9449 §9.1 | `b` |") < text.index("| RFC 9449 §10 | `a` |")
    assert "| `a` | Second |" in text


def test_a_missing_first_line_a_fragment_and_an_unknown_specification_fail(tree):
    tree.write("src/ringfence/a.py", "x = 1\n")
    tree.write("src/ringfence/b.py", '"""stuff"""\n')
    tree.write("src/ringfence/c.py", '"""It is.  Whatever §3."""\n')
    target = tree.write("docs/specs.md", page(tree.source))
    assert len(faults(tree.source, target)) == 3


def test_a_stale_page_fails(tree):
    tree.write("src/ringfence/a.py", '"""It is."""\n')
    assert faults(tree.source, tree.write("docs/specs.md", "old")) == ["specs.md is stale; run `make specs`"]
