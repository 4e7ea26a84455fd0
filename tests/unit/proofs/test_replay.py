from hypothesis import given
from hypothesis import strategies as st

from ringfence.proofs.replay import KEY_BYTES, claim_key

ANY_TEXT = st.text(st.characters(), max_size=300)


@given(ANY_TEXT, ANY_TEXT)
def test_a_key_is_short_whatever_the_id(owner, jti):
    assert len(claim_key("dpop", owner, jti)) <= KEY_BYTES


@given(
    st.text("ab1:", max_size=6), st.text("ab1:", max_size=6), st.text("ab1:", max_size=6), st.text("ab1:", max_size=6)
)
def test_two_pairs_never_meet(owner, jti, other_owner, other_jti):
    same = (owner, jti) == (other_owner, other_jti)
    assert (claim_key("dpop", owner, jti) == claim_key("dpop", other_owner, other_jti)) is same


def test_kinds_do_not_meet():
    assert claim_key("dpop", "a", "b") != claim_key("assertion", "a", "b")
