from ringfence.policy.mistakes import Mistake, PolicyMistakes, choose, nearest


def test_mistakes_come_in_the_order_of_the_file_and_once() -> None:
    first, second = Mistake("f", 2, 1, "b"), Mistake("f", 10, 1, "a", "write c")
    assert PolicyMistakes([second, first, second]).mistakes == (first, second)
    assert str(second) == "f:10:1: a\n    instead: write c"
    assert str(Mistake("f", 0, 0, "gone")) == "f: gone"


def test_the_nearest_name_is_offered() -> None:
    assert nearest("listners", ["issuer", "listeners"]) == "listeners"
    assert nearest("zzz", ["issuer"]) == ""
    assert choose("zzz", ["a", "b"]) == "write one of `a`, `b`"
    assert choose("x", []) == ""
