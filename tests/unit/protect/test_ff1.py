"""NIST's nine samples, and what a permutation of a format has to be."""

import json
import random
from pathlib import Path

import pytest

from ringfence.protect.ff1 import FF1, LONGEST, DomainTooSmall, NotOfTheFormat

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/ff1.json").read_text())["vectors"]
KEY = bytes(range(32))
ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize("vector", VECTORS)
def test_nists_samples(vector: dict) -> None:
    ff1, tweak = FF1(bytes.fromhex(vector["key"]), vector["radix"]), bytes.fromhex(vector["tweak"])
    assert ff1.encrypt(vector["plain"], tweak) == vector["cipher"]
    assert ff1.decrypt(vector["cipher"], tweak) == vector["plain"]


def test_all_nine_are_there() -> None:
    assert len(VECTORS) == len({vector["cipher"] for vector in VECTORS}) == 9


def test_any_text_of_any_radix_comes_back_and_keeps_its_form() -> None:
    rng = random.Random(1)
    for _ in range(600):
        radix = rng.randint(2, 36)
        shortest = next(n for n in range(1, 30) if radix**n >= 10**6)
        text = "".join(rng.choices(ALPHABET[:radix], k=rng.randint(shortest, rng.choice([shortest, 40, LONGEST]))))
        ff1, tweak = FF1(rng.randbytes(rng.choice([16, 24, 32])), radix), rng.randbytes(rng.randrange(40))
        encrypted = ff1.encrypt(text, tweak)
        assert len(encrypted) == len(text)
        assert set(encrypted) <= set(ALPHABET[:radix])
        assert ff1.decrypt(encrypted, tweak) == text
        assert ff1.encrypt(ff1.decrypt(text, tweak), tweak) == text


def test_tweak_key_and_text_matter_each() -> None:
    ff1 = FF1(KEY)
    one = ff1.encrypt("000000000000", b"a")
    assert (
        len({one, ff1.encrypt("000000000000", b"b"), ff1.encrypt("000000000001", b"a"), ff1.encrypt("000000000000")})
        == 4
    )
    assert FF1(KEY[::-1]).encrypt("000000000000", b"a") != one
    assert ff1.decrypt(one, b"b") != "000000000000"


def test_no_two_texts_become_one() -> None:
    ff1 = FF1(KEY)
    assert len({ff1.encrypt(f"{n:06}") for n in range(2000)}) == 2000


@pytest.mark.parametrize(("radix", "length"), [(10, 5), (2, 19), (36, 3), (10, 0), (10, 1)])
def test_less_than_a_million_values_are_refused(radix: int, length: int) -> None:
    for work in (FF1(KEY, radix).encrypt, FF1(KEY, radix).decrypt):
        with pytest.raises(DomainTooSmall):
            work("0" * length)


@pytest.mark.parametrize(
    "text", ["12345a", "12345²", "12345٣", "1234 5", "0" * (LONGEST + 1), "12345A", "-123456", "12_3456"]
)
def test_another_format_is_refused(text: str) -> None:
    with pytest.raises(NotOfTheFormat):
        FF1(KEY).encrypt(text)


@pytest.mark.parametrize("radix", [0, 1, 37])
def test_radix_and_key_have_bounds(radix: int) -> None:
    with pytest.raises(ValueError, match="radix"):
        FF1(KEY, radix)
    with pytest.raises(ValueError, match="key"):
        FF1(KEY[:20])
    with pytest.raises(NotOfTheFormat):
        FF1(KEY).encrypt("123456", bytes(257))
