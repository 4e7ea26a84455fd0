import hashlib
import hmac

import pytest

from ringfence.protect.ff1 import DomainTooSmall
from ringfence.protect.pan import (
    Forbidden,
    NotACard,
    PreservedPan,
    keep_together,
    keyed_hash,
    read_pan,
    shown,
)

CARD = read_pan("4111 1111 1111 1111")
AMEX = read_pan("378282246310005")
KEY = bytes(range(32))


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",
        "411111111111111",
        "",
        "4111x1111111111111",
        "４１１１１１１１１１１１１１１１",
        "1234567812345670",
    ],
)
def test_what_is_no_card_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(NotACard) as refused:
        read_pan(text)
    assert not text or text not in str(refused.value)


def test_at_most_the_issuer_and_the_last_four_are_shown() -> None:
    assert shown(CARD, first=8) == "41111111****1111"
    assert shown(CARD, first=6, issuer=6) == "411111******1111"
    assert shown(CARD, first=0, last=0) == "*" * 16
    assert shown(AMEX, first=6) == "378282*****0005"
    for pan, first, last, issuer in [
        (CARD, 9, 4, 8),
        (CARD, 7, 4, 6),
        (CARD, 6, 5, 8),
        (AMEX, 8, 4, 8),
        (CARD, -1, 4, 8),
    ]:
        with pytest.raises(Forbidden):
            shown(pan, first=first, last=last, issuer=issuer)  # type: ignore[arg-type]


def test_a_hash_has_a_key() -> None:
    assert keyed_hash(CARD, KEY) == hmac.digest(KEY, b"4111111111111111", hashlib.sha256)
    assert keyed_hash(CARD, KEY) != keyed_hash(CARD, KEY[::-1])
    for key in (b"", KEY[:31], bytes(32), b"a" * 40):
        with pytest.raises(Forbidden):
            keyed_hash(CARD, key)


def test_a_hash_and_a_truncation_never_stand_together() -> None:
    assert keep_together(frozenset({"envelope", "truncation"}))
    assert keep_together(frozenset({"token", "keyed-hash"}))
    with pytest.raises(Forbidden):
        keep_together(frozenset({"keyed-hash", "truncation", "token"}))


@pytest.mark.parametrize(("first", "last"), [(8, 4), (6, 4), (8, 2)])
def test_too_few_numbers_have_these_ends(first: int, last: int) -> None:
    preserved = PreservedPan(KEY, first=first, last=last)
    with pytest.raises(DomainTooSmall):
        preserved.encrypt(CARD)
    with pytest.raises(DomainTooSmall):
        preserved.decrypt(CARD)


@pytest.mark.parametrize(("first", "last"), [(0, 4), (0, 0), (6, 0), (5, 4), (8, 1)])
def test_where_a_million_are_hidden_the_number_comes_back(first: int, last: int) -> None:
    preserved = PreservedPan(KEY, first=first, last=last)
    encrypted = preserved.encrypt(CARD)
    assert len(encrypted) == 16
    assert encrypted != CARD
    assert encrypted[:first] == CARD[:first]
    assert encrypted[16 - last :] == CARD[16 - last :]
    assert preserved.decrypt(encrypted) == CARD


def test_the_digits_in_the_clear_are_bound_and_no_more_than_allowed_stay() -> None:
    preserved = PreservedPan(KEY)
    other = read_pan("4000000000001000")
    assert preserved.encrypt(CARD)[:12] != preserved.encrypt(other)[:12]
    moved = preserved.encrypt(CARD)[:12] + "1112"
    with pytest.raises(NotACard):
        preserved.decrypt(moved)
    for first, last in ((9, 4), (0, 5), (-1, 0)):
        with pytest.raises(Forbidden):
            PreservedPan(KEY, first=first, last=last)
