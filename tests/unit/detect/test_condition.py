import pytest

from ringfence.detect.condition import InvalidCondition, compile_condition, floors

NAMES = frozenset({"tries", "users"})


@pytest.mark.parametrize(
    ("text", "tries", "users", "fires"),
    [
        ("tries >= 10", 10, 0, True),
        ("tries >= 10", 9, 0, False),
        ("tries >= 10 and users >= 5", 10, 4, False),
        ("tries >= 10 or users >= 5", 1, 5, True),
        ("not tries > 3", 3, 0, True),
        ("tries / users <= 2", 10, 5, True),
        ("tries / users >= 2", 10, 0, False),
        ("(tries + users) * 2 - 1 == 5", 1, 2, True),
        ("tries >= 0.5", 1, 0, True),
    ],
)
def test_conditions_are_reckoned(text: str, tries: float, users: float, fires: bool) -> None:
    assert compile_condition(text, NAMES)({"tries": tries, "users": users}) is fires


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("tries >=", "not a condition"),
        ("tries", "compares nothing"),
        ("others >= 1", "`others` is not measured: `tries`, `users` are"),
        ("__import__('os').system('id') == 0", "is not taken here"),
        ("tries.real >= 1", "is not taken here"),
        ("tries ** users > 1", "is not taken here"),
        ("1 < tries < 5", "is not taken here"),
        ("tries >= 'a'", "is not taken here"),
        ("tries >= True", "is not taken here"),
        ("(lambda: 1)() > 0", "is not taken here"),
        ("tries >= " + "1 + " * 400 + "1", "longer than"),
        ("(" * 300 + "tries" + ")" * 99, "not a condition"),
    ],
)
def test_what_is_no_condition_is_told(text: str, why: str) -> None:
    with pytest.raises(InvalidCondition, match=why.replace("(", r"\(")):
        compile_condition(text, NAMES)


@pytest.mark.parametrize(
    ("text", "least"),
    [
        ("a >= 3", (("a", 3),)),
        ("a >= 3 and b >= 2.5 and a / b <= 2", (("a", 3), ("b", 2.5))),
        ("a >= 3 or b >= 2", ()),
        ("not a >= 3", ()),
        ("a > 3", ()),
        ("3 >= a", ()),
        ("a >= b", ()),
        ("(a >= 1 or b >= 1) and b >= 4", (("b", 4),)),
    ],
)
def test_floors_are_what_must_hold_for_the_whole_to_hold(text: str, least) -> None:  # type: ignore[no-untyped-def]
    compile_condition(text, frozenset("ab"))
    assert floors(text) == least
