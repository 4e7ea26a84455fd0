"""Card numbers that the schemes publish for tests, and examples of IBANs from SWIFT's registry."""

import pytest

from ringfence.protect.account_numbers import IBAN_LENGTHS, card, iban, lengths, luhn


@pytest.mark.parametrize(
    "number",
    [
        "4111111111111111",
        "4222222222222",
        "5555555555554444",
        "2223003122003222",
        "378282246310005",
        "30569309025904",
        "6011111111111117",
        "3530111333300000",
        "6200000000000005",
        "6759649826438453",
        "2200000000000053",
    ],
)
def test_numbers_of_the_schemes_are_cards_and_with_one_digit_changed_they_are_not(number: str) -> None:
    assert card(number)
    for at in range(len(number)):
        changed = number[:at] + str((int(number[at]) + 1) % 10) + number[at + 1 :]
        assert not luhn([int(c) for c in changed])
        assert not card(changed)


@pytest.mark.parametrize(
    "number", ["1234567812345670", "0000000000000000", "411111111111116", "7992739871300000", "999"]
)
def test_what_nobody_issues_is_no_card(number: str) -> None:
    assert not card(number)


def test_lengths_are_known_from_four_digits() -> None:
    assert lengths("4111") == {13, 16, 19}
    assert lengths("2220") == lengths("2721") == lengths("1") == frozenset()
    assert 16 in lengths("2221")
    assert 16 in lengths("2720")


@pytest.mark.parametrize(
    "letters",
    [
        "GB82WEST12345698765432",
        "DE89370400440532013000",
        "FR1420041010050500013M02606",
        "NO9386011117947",
        "MT84MALT011000012345MTLCAST001S",
    ],
)
def test_ibans(letters: str) -> None:
    assert iban(letters)
    assert len(letters) == IBAN_LENGTHS[letters[:2]]
    assert not iban(letters[:-1] + ("0" if letters[-1] != "0" else "1"))
    assert not iban(letters.lower())


def test_hexadecimal_digits_are_no_account_where_accounts_have_none() -> None:
    assert not iban("BE7276E2E004505F")
    assert iban("BE71096123456769")
