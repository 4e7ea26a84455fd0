"""Envelopes open for what they were made for, in one spelling, and after no change."""

import base64

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV

from ringfence.protect.envelope import (
    GCM,
    PREFIX,
    SIV,
    Unopenable,
    head_of,
    open_equal,
    open_random,
    read,
    seal,
    seal_equal,
)

RANDOM = AESGCM(b"k" * 32)
EQUAL = AESSIV(b"k" * 64)
HEAD = head_of(GCM, "key_1", "dek_1", 7)
EQUAL_HEAD = head_of(SIV, "key_1", "dek_1", 7)
TEXT = seal(HEAD, RANDOM, b"i" * 12, b"GB29NWBK60161331926819", b"bound")
EQUAL_TEXT = seal_equal(EQUAL_HEAD, EQUAL, b"GB29NWBK60161331926819", b"bound")


def opened(text: str, binding: bytes = b"bound") -> bytes:
    sealed = read(text)
    if sealed is None:
        raise Unopenable
    if sealed.algorithm == SIV:
        return open_equal(sealed, EQUAL, binding)
    return open_random(sealed, RANDOM, binding)


@pytest.mark.parametrize("text", [TEXT, EQUAL_TEXT])
def test_it_opens_for_what_it_was_made_for_and_nothing_else(text: str) -> None:
    assert opened(text) == b"GB29NWBK60161331926819"
    sealed = read(text)
    assert sealed is not None
    assert (sealed.data_key, sealed.version) == ("dek_1", 7)
    with pytest.raises(Unopenable):
        opened(text, b"other")


@pytest.mark.parametrize("text", [TEXT, EQUAL_TEXT])
def test_after_any_flipped_bit_it_does_not_open(text: str) -> None:
    body = text[len(PREFIX) :]
    raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Unopenable):
            opened(PREFIX + base64.urlsafe_b64encode(bytes(changed)).rstrip(b"=").decode())


@pytest.mark.parametrize("text", [TEXT, EQUAL_TEXT])
def test_cut_padded_and_otherwise_spelt_it_does_not_open(text: str) -> None:
    for other in [*(text[:n] for n in range(len(text))), text + "=", text + "A", text + "\n", " " + text]:
        with pytest.raises(Unopenable):
            opened(other)
    for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_":
        if last != text[-1]:
            with pytest.raises(Unopenable):
                opened(text[:-1] + last)
    with pytest.raises(Unopenable):
        opened(text.replace("rf1.", "rf2."))
    assert read("rf1." + "é" * 80) is None


def test_equal_values_are_equal_only_where_they_are_meant_to_be() -> None:
    again = seal_equal(EQUAL_HEAD, EQUAL, b"GB29NWBK60161331926819", b"bound")
    assert again == EQUAL_TEXT
    assert head_of(SIV, "key_2", "dek_1", 7) == EQUAL_HEAD  # another KEK changes nothing
    assert seal_equal(EQUAL_HEAD, EQUAL, b"GB29NWBK60161331926819", b"elsewhere") != EQUAL_TEXT
    assert seal(HEAD, RANDOM, b"j" * 12, b"GB29NWBK60161331926819", b"bound") != TEXT
