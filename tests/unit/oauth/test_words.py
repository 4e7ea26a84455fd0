from hypothesis import given
from hypothesis import strategies as st

from ringfence.oauth.words import Wording, shown, wordings
from ringfence.policy.details import CompiledType, read_sentence

TYPES = {"pay": CompiledType("pay", None, read_sentence("Pay {amount} to {to.name}"))}


def said(detail) -> Wording:
    (one,) = wordings((), ({"type": "pay", **detail},), {}, TYPES)
    return one


def test_scopes_have_the_policys_words():
    found = wordings(("openid", "accounts", "gone"), (), {"accounts": "See your accounts"}, {})
    assert [one.sentence for one in found] == ["Know who you are", "See your accounts", "gone"]
    assert wordings(("openid",), (), {"openid": "Mine"}, {}) == (Wording("Mine"),)


def test_what_the_sentence_leaves_out_is_listed():
    found = said({"amount": "1", "to": {"name": "A", "iban": "X"}, "flags": [True, False], "parts": [{"a": 1}, 2]})
    assert found.sentence == "Pay 1 to A"
    assert found.facts == (("to iban", "X"), ("flags", "yes, no"), ("parts 1 a", "1"), ("parts 2", "2"))


def test_what_is_absent_or_not_a_text():
    assert said({}).sentence == "Pay – to –"
    assert said({"amount": ["1", "2"], "to": "flat"}).sentence == "Pay 1, 2 to –"
    assert said({"to": "flat"}).facts == (("to", "flat"),)
    assert said({"note": {}}).facts == (("note", "–"),)
    assert wordings((), ({"type": "gone", "a": 1},), {}, {}) == (Wording("gone", (("a", "1"),)),)


def test_nothing_hides_and_nothing_is_cut():
    found = said({"amount": "1\u202e\u200b", "note": "x" * 500})
    assert found.sentence == "Pay 1 to –"
    assert found.facts == (("note", "x" * 500),)
    assert shown("a\x00\u2066b") == "ab"


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("abc", max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("xyz", min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


def leaves(value):
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in leaves(inner)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in leaves(inner)]
    return [value] if isinstance(value, str) and value else []


@given(json)
def test_every_text_of_a_detail_is_on_the_page(value):
    found = said({"note": value})
    page = " ".join((found.sentence, *(part for fact in found.facts for part in fact)))
    assert all(leaf in page for leaf in leaves(value))
