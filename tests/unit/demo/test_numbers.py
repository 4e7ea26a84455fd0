import pytest

from ringfence.demo.numbers import amount_text, checked_iban, iban, minor


@pytest.mark.parametrize(
    ("text", "pennies"), [("12.50", 1250), ("0.1", 10), ("7", 700), ("0.01", 1), ("9" * 13, 10**15 - 100)]
)
def test_amounts_are_read_exactly(text, pennies):
    assert minor(text) == pennies


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "1.", ".5", "1.001", "1e3", "١", "1 ", "NaN", "9" * 14, "0x1", "1,00"]
)
def test_what_is_not_a_plain_amount_is_refused(text):
    with pytest.raises(ValueError, match="not an amount"):
        minor(text)


@pytest.mark.parametrize(("pennies", "text"), [(0, "0.00"), (5, "0.05"), (-1250, "12.50"), (100, "1.00")])
def test_amounts_are_written_with_two_places_and_no_sign(pennies, text):
    assert amount_text(pennies) == text


def test_check_digits_follow_the_published_example():
    # The example IBAN of the ISO 13616 registry for the United Kingdom.
    assert iban("NWBK", "601613", "31926819") == "GB29NWBK60161331926819"
    assert checked_iban("GB29 NWBK 6016 1331 9268 19") == "GB29NWBK60161331926819"


@pytest.mark.parametrize(
    "text", ["GB28NWBK60161331926819", "GB29NWBK60161331926818", "GB29", "", "gb29nwbk60161331926819"]
)
def test_wrong_check_digits_are_refused(text):
    with pytest.raises(ValueError, match="check digits"):
        checked_iban(text)
