import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.problem import Reason
from ringfence.proofs.segments import decode_segment, encode_segment, is_sha256


@given(st.binary(max_size=200))
def test_every_value_has_one_text(data):
    text = encode_segment(data)
    assert text == base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    assert decode_segment(text, Reason.INTERNAL) == data


@pytest.mark.parametrize(
    "text", ["QQ==", "QR", "QQ=", "Q", "QQ ", " QQ", "QQ\n", "Q\tQ", "+/8", "//8", "QUJD=", "=", "QQ\0", "Qä", "Q.Q"]
)
def test_any_other_text_is_refused(refusal, text):
    assert refusal(decode_segment, text, Reason.PROOF_MALFORMED) is Reason.PROOF_MALFORMED


@pytest.mark.parametrize("value", [None, 1, "", "A" * 42, "A" * 44, "A" * 42 + "=", "ä" * 43, ["A"] * 43])
def test_what_is_no_sha256(value):
    assert not is_sha256(value)


def test_what_looks_like_one():
    assert is_sha256("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I")
