from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.oauth.forms import read_pairs
from ringfence.problem import Reason, Refused


@given(
    st.dictionaries(
        st.text(min_size=1).filter(lambda t: "\0" not in t),
        st.text(min_size=1).filter(lambda t: "\0" not in t),
        max_size=10,
    )
)
def test_what_a_library_writes_is_read(pairs):
    try:
        encoded = urlencode(pairs)
    except UnicodeEncodeError:
        return
    assert read_pairs(encoded) == pairs


@given(st.text(alphabet="ab=&%+;0fF\x00é", max_size=40))
def test_nothing_but_a_refusal_comes_out(text):
    try:
        found = read_pairs(text)
    except Refused:
        return
    names = [name for name, _ in parse_qsl(text, keep_blank_values=True, separator="&")]
    assert len(set(names)) == len(names)
    assert all(found.values())


def test_a_parameter_without_value_is_absent():
    assert read_pairs("a=&b=1&c") == {"b": "1"}
    with pytest.raises(Refused) as caught:
        read_pairs("a=&a=1")
    assert caught.value.reason is Reason.OAUTH_PARAMETER_DUPLICATE
