from ringfence.export.choice import Choice


def test_a_choice_is_by_one_field_and_never_fails() -> None:
    choice = Choice(9, "method", {"GET": 2, True: 3})
    assert [choice.of({"method": m}) for m in ("GET", "PUT", True, ["GET"], None)] == [2, 9, 3, 9, 9]
    assert choice.of({}) == 9
    assert Choice(1).of({"": 5}) == 1
