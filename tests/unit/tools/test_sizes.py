from tools.sizes import LARGEST, MEDIAN, faults


def judge(tree):
    return faults(tree.root, tree.source)


def test_small_modules_with_names_pass(tree):
    tree.write("src/ringfence/dpop.py", "x = 1\n" * (MEDIAN - 1))
    assert judge(tree) == []


def test_a_module_over_the_limit_is_named(tree):
    tree.write("src/ringfence/small.py", "x = 1\n")
    tree.write("src/ringfence/other.py", "x = 1\n")
    tree.write("src/ringfence/big.py", "x = 1\n" * (LARGEST + 1))
    assert judge(tree) == ["src/ringfence/big.py: 501 lines; 500 is the most"]


def test_tests_have_the_same_limit(tree):
    tree.write("tests/unit/test_big.py", "x = 1\n" * (LARGEST + 1))
    assert len(judge(tree)) == 1


def test_the_median_is_held(tree):
    tree.write("src/ringfence/a.py", "x = 1\n" * MEDIAN)
    assert judge(tree) == ["the median module has 150 lines; under 150 is the rule"]


def test_names_that_say_nothing(tree):
    tree.write("src/ringfence/token_utils.py", "")
    tree.write("src/ringfence/common/dpop.py", "")
    tree.write("tests/unit/test_helpers.py", "")
    assert len(judge(tree)) == 3
