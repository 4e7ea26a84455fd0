import hashlib
import hmac

from ringfence.protect.indexes import index_of, normal

KEY = b"k" * 32


def test_it_is_the_beginning_of_the_hash_that_anybody_would_compute() -> None:
    whole = hmac.new(KEY, b"GB29 NWBK", hashlib.sha256).hexdigest()
    assert index_of("GB29 NWBK", "exact", KEY, 256) == whole
    assert index_of("GB29 NWBK", "exact", KEY, 32) == whole[:8]
    assert index_of("GB29 NWBK", "exact", KEY, 12) == whole[:3]
    assert index_of("GB29 NWBK", "exact", b"l" * 32, 256) != whole


def test_spellings_of_one_text_are_one() -> None:
    assert normal("GB29 NWBK ", "text") == normal("gb29\u00a0nwbk", "text") == "gb29nwbk"
    assert normal("\uff21nn \u0045\u0301", "text") == normal("ANN \u00e9", "text")
    assert normal("GB29 NWBK ", "exact") == "GB29 NWBK "
