import base64
import hashlib
import re

from ringfence.ids import TOKEN_BYTES, new_correlation_id, new_id, new_token, system_random, token_hash


def zeros(count):
    return bytes(count)


def test_the_system_gives_as_many_bytes_as_asked_and_never_the_same():
    drawn = {system_random(32) for _ in range(100)}
    assert len(drawn) == 100
    assert {len(each) for each in drawn} == {32}


def test_a_correlation_id_is_128_bits_in_26_lower_case_characters():
    assert new_correlation_id(zeros) == "a" * 26
    assert re.fullmatch(r"[a-z2-7]{26}", new_correlation_id(system_random))


def test_an_identifier_says_its_kind():
    assert new_id("grant", zeros) == "grant_" + "a" * 26


def test_a_token_is_256_bits_in_base64url():
    asked = []

    def recording(count):
        asked.append(count)
        return b"\xff" * count

    token = new_token(recording)
    assert asked == [TOKEN_BYTES] == [32]
    assert base64.urlsafe_b64decode(token + "=") == b"\xff" * 32


def test_the_hash_is_sha256_in_hex_whatever_the_text():
    assert token_hash("abc") == hashlib.sha256(b"abc").hexdigest()
    assert len(token_hash("\ud800")) == 64
