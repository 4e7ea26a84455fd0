"""What is found, what is not, and how much of either on seeded text."""

import base64
import json
import random
import time
from collections.abc import Callable

import pytest

from ringfence.protect.account_numbers import IBAN_LENGTHS, ISSUERS, iban, luhn
from ringfence.protect.scan import Found, Scanner, scan, without_numbers

CARD, IBAN = "4111111111111111", "DE89370400440532013000"


def values(data: bytes) -> list[str]:
    return [found.value for found in scan(data)]


@pytest.mark.parametrize(
    "data",
    [
        CARD.encode(),
        b"card 4111 1111 1111 1111.",
        b"4111-1111-1111-1111",
        b"4111.1111.1111.1111",
        b"4111 1111 1111 1111 123",
        b"12 4111 1111 1111 1111",
        b"4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        b'{"text": "\\n4111111111111111"}',
        b"\\u00204111111111111111",
        b"q=%204111111111111111&",
        b"q=4111+1111+1111+1111&",
        b"q=4111%201111%201111%201111",
        "4111\u00a01111\u00a01111\u00a01111".encode(),
        "pan 4111-1111-1111-1111".encode("utf-16-le"),
        "pan 4111111111111111".encode("utf-16-be"),
        b"\xb04111111111111111\xa3abc",
        b"pan_4111111111111111",
    ],
)
def test_a_card_is_found_however_it_is_written(data: bytes) -> None:
    assert values(data) == [CARD]
    assert scan(data)[0].kind == "card"


@pytest.mark.parametrize(
    "data",
    [
        IBAN.encode(),
        IBAN.lower().encode(),
        b"to DE89 3704 0044 0532 0130 00 today",
        b"DE89-3704-0044-0532-0130-00",
        b"DE89 370400440532013000",
        "DE89 3704 0044 0532 0130 00".encode("utf-16-le"),
    ],
)
def test_an_iban_is_found_and_its_digits_are_not_taken_for_a_card(data: bytes) -> None:
    assert values(data) == [IBAN]


@pytest.mark.parametrize(
    "data",
    [
        b"4111111111111112",
        b"0.4111111111111111",
        b"4111111111111.25",
        b"a4111111111111111",
        b"4111111111111111f",
        b"44111111111111111111111111",
        b"4111 1111-1111 1111",
        b"2026-11-25 16:44:24.123456",
        b"1764089064123456",
        b"4444444444444444444",
        b"DE88370400440532013000",
        b"XX89370400440532013000",
        b"dE89370400440532013000",
        b"be12abcd-1234-5678-9abc-def012345678",
        b"",
    ],
)
def test_what_is_none_is_not_told(data: bytes) -> None:
    assert values(data) == []


@pytest.mark.parametrize("before", ["", "x", "xy", '{"a": '])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_base64_hides_nothing(before: str, encode: Callable[[bytes], bytes]) -> None:
    encoded = encode(f'{before} "{CARD}" and {IBAN}, ?>?>?>'.encode())
    for data in (encoded, encoded.rstrip(b"="), b'"' + encoded + b'"'):
        found = scan(data)
        assert [one.value for one in found] == [CARD, IBAN]
        assert all(one.encoded for one in found)


def test_only_the_ends_are_shown_and_the_value_does_not_print() -> None:
    card, number = scan(f"{CARD} {IBAN}".encode())
    assert (card.masked, number.masked) == ("411111******1111", "DE****************3000")
    assert CARD not in repr(card)
    assert card == Found("card", 0, 16, CARD)


def test_a_path_is_told_without_numbers() -> None:
    assert without_numbers(f"/cards/{CARD}/of/{IBAN}/and/{CARD}") == "/cards/[card]/of/[iban]/and/[card]"
    assert without_numbers("/accounts/12\ud800") == "/accounts/12\ud800"


def a_card(rng: random.Random) -> str:
    low, high, lengths = rng.choice(ISSUERS)
    digits = str(rng.randint(low, high))
    digits += "".join(rng.choices("0123456789", k=rng.choice(sorted(lengths)) - len(digits) - 1))
    return next(digits + check for check in "0123456789" if luhn([int(c) for c in digits + check]))


def an_iban(rng: random.Random) -> str:
    country, length = rng.choice(sorted(IBAN_LENGTHS.items()))
    rest = "".join(rng.choices("0123456789", k=length - 4))
    return next(f"{country}{n:02}{rest}" for n in range(2, 99) if iban(f"{country}{n:02}{rest}"))


def grouped(rng: random.Random, text: str) -> str:
    gap = rng.choice(["", "", " ", "-"])
    return gap.join(text[at : at + 4] for at in range(0, len(text), 4))


def written(rng: random.Random, text: str) -> bytes:
    encoded = base64.b64encode(f'{{"n": {rng.random()}, "id": "{text}"}}'.encode())
    return rng.choice(
        [
            json.dumps({"message": f"of\n{text}", "n": rng.random()}).encode(),
            f"2026-11-25T16:44:{rng.randrange(60):02} info account={text} took={rng.random()}\n".encode(),
            f"<Acct>{text}</Acct>".encode(),
            f"{rng.randrange(1 << 60)},{text},{rng.random()}\n".encode(),
            encoded + b"\n",
        ]
    )


def test_recall_is_whole_on_seeded_text_and_pieces_make_no_difference() -> None:
    """With seed 5, of 4,000 numbers all are found."""
    rng = random.Random(5)
    seeded = [rng.choice([a_card, an_iban])(rng) for _ in range(4000)]
    lines = [written(rng, grouped(rng, number)) for number in seeded]
    whole = b"".join(lines)
    missed = [number for number, line in zip(seeded, lines, strict=True) if number not in values(line)]
    assert missed == []
    for size in (1000, 4096, 5000, 70_001):
        scanner = Scanner()
        found = [one for at in range(0, len(whole), size) for one in scanner.feed(whole[at : at + size])]
        found += scanner.end()
        assert [one.offset for one in found] == sorted(one.offset for one in found)
        assert {one.value for one in found} >= set(seeded)
        assert len(found) - len(seeded) < 60  # chance: 16 digits behind a comma, here one line in five


def test_alarms_by_chance_are_bounded() -> None:
    """Random hex, base64, decimals and times: what our logs are full of. Random digits alone would give one in fifty."""
    rng = random.Random(6)
    lines = [
        f"{rng.randbytes(32).hex()} {rng.randbytes(8).hex()} {base64.b64encode(rng.randbytes(32)).decode()} {rng.random()}"
        f" {1_764_000_000_000_000 + rng.randrange(10**12)} +44 20 {rng.randrange(10**4):04} {rng.randrange(10**4):04}\n"
        for _ in range(20_000)
    ]
    assert len(scan("".join(lines).encode())) <= 2


@pytest.mark.parametrize("unit", [b"4 ", b"4111 ", b"4", b"AD12 ", b"A", b"4\0", b"%204"])
def test_time_grows_with_the_length_and_no_faster(unit: bytes) -> None:
    def seconds(size: int) -> float:
        data = unit * (size // len(unit))
        taken = []
        for _ in range(3):
            began = time.process_time()
            scan(data)
            taken.append(time.process_time() - began)
        return min(taken)

    assert seconds(160_000) < 8 * seconds(40_000) + 0.05
