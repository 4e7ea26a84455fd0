from tools.mirror import faults

LOGIC = "def f():\n    return 1\n"


def judge(tree, debt=""):
    return faults(tree.root, tree.source, tree.write("mirror_debt.txt", debt))


def test_module_with_its_test_passes(tree):
    tree.write("src/ringfence/proofs/dpop.py", LOGIC)
    tree.write("tests/unit/proofs/test_dpop.py", "")
    assert judge(tree) == []


def test_module_without_test_fails(tree):
    tree.write("src/ringfence/proofs/dpop.py", LOGIC)
    assert judge(tree) == ["proofs.dpop: no tests/unit/proofs/test_dpop.py"]


def test_module_without_logic_needs_none(tree):
    tree.write("src/ringfence/ports.py", "X = 1\n")
    assert judge(tree) == []


def test_package_with_logic_needs_one(tree):
    tree.write("src/ringfence/events/__init__.py", LOGIC)
    assert judge(tree) == ["events: no tests/unit/events/test_package.py"]


def test_test_without_module_fails(tree):
    tree.write("tests/unit/proofs/test_gone.py", "")
    assert judge(tree) == ["tests/unit/proofs/test_gone.py: mirrors no module"]


def test_an_exception_with_reason_passes_and_without_fails(tree):
    tree.write("src/ringfence/a.py", LOGIC)
    assert judge(tree, "a  # shown by tests/flow/test_up.py\n") == []
    assert judge(tree, "a\n") == ["mirror_debt.txt: a gives no reason"]


def test_the_list_only_shrinks(tree):
    tree.write("src/ringfence/a.py", LOGIC)
    tree.write("tests/unit/test_a.py", "")
    assert judge(tree, "a  # why\nb  # why\n") == [
        "mirror_debt.txt: a needs no exception any more; take it off the list",
        "mirror_debt.txt: there is no module b",
    ]


def test_the_tools_own_tests_mirror_the_tools(tree):
    tree.write("tools/sizes.py", LOGIC)
    tree.write("tests/unit/tools/test_sizes.py", "")
    assert judge(tree) == []
