import pytest

from ringfence.protect.masks import masked


@pytest.mark.parametrize(
    ("value", "first", "last", "shown"),
    [
        ("4111111111111111", 8, 4, "41111111****1111"),
        ("4111111111111111", 6, 4, "411111******1111"),
        ("GB29NWBK60161331926819", 0, 4, "******************6819"),
        ("4222222222222", 8, 4, "*************"),
        ("1234567", 0, 4, "*******"),
        ("12345678", 0, 4, "****5678"),
        ("anything", 0, 0, "********"),
        ("", 0, 4, ""),
    ],
)
def test_the_middle_is_hidden_and_short_values_whole(value: str, first: int, last: int, shown: str) -> None:
    assert masked(value, first, last) == shown
