import pytest

from tools.traces import faults


@pytest.mark.parametrize(
    "line",
    [
        "open('/root/main/x')",
        "see /home/alice/notes",
        "--index-url https://somewhere/simple",
        '"resolved": "https://somewhere/x.tgz"',
        "from https://pypi.org/simple",
        "-----BEGIN PRIVATE KEY-----\n" + "M" * 64,
    ],
)
def test_a_trace_is_found_with_its_line(tree, line):
    found = faults(tree.root, [tree.write("a.txt", f"first\n{line}\n")])
    assert len(found) == 1
    assert found[0].startswith("a.txt:2: ")


@pytest.mark.parametrize("line", ["${HOME}/root/x", "/tmp/x", "example.com/home/alice/"])
def test_other_paths_are_let_be(tree, line):
    assert faults(tree.root, [tree.write("a.txt", line)]) == []


def test_bytes_that_are_no_text_are_passed_over(tree):
    path = tree.root / "a.bin"
    path.write_bytes(b"\xff\xfe/root/x")
    assert faults(tree.root, [path]) == []
