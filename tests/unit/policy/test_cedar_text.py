"""Where Cedar stops to be Cedar: to the token, as the engine itself reads it."""

import cedarpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.policy.cedar_text import broken_at, line_and_column, named_at, statements, words

GOOD = '@id("a")\npermit(principal, action, resource)\n  when { context.n > 1 && "x; // y" != "\\"" };'


def complaint(text: str) -> str:
    try:
        cedarpy.PolicySet.from_str(text)
    except ValueError as why:
        return str(why)
    return ""


def test_policies_end_at_their_semicolons_and_not_at_those_in_texts_and_comments() -> None:
    text = f"// one; two\n{GOOD} // three;\n\nforbid(principal, action, resource);\npermit("
    found = statements(text)
    assert [one.text for one in found] == [GOOD, "forbid(principal, action, resource);", "permit("]
    assert all(text[one.begins :].startswith(one.text) for one in found)
    assert statements("// nothing;\n") == ()


def test_words_are_names_and_texts_but_not_comments() -> None:
    assert {"context", "n", "x; // y"} <= words(GOOD)
    assert "other" not in words(f"{GOOD} // other")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("permit(principal,\n action == , resource);", ", resource"),
        ("permit(principal, action, resource) when { # };", "# }"),
        ('permit(principal, action, resource) when { "a };', '"a }'),
        ("permit(principal, action, resource) whenn { true };", "whenn"),
        ("permit(princpal, action, resource);", "princpal"),
        ("allow(principal, action, resource);", "allow"),
        ('permit(principal, action, resource) when { context.a.contans("b") };', "contans"),
        ("permit(principal, action, resource)", ")"),
        ("permit(principal, action, resource) when { 1 +", "+"),
        ("permit permit(principal, action, resource);", "permit("),
        (")", ")"),
    ],
)
def test_the_place_of_a_mistake(text: str, at: str) -> None:
    why = complaint(text)
    assert why
    found = broken_at(text, why, complaint)
    assert text[found:].startswith(at), text[found:]


def test_what_a_message_names_is_found_or_the_beginning_is() -> None:
    assert named_at(GOOD, "attribute `n` in context not found") == GOOD.index("n > 1")
    assert named_at(GOOD, "the types Long and String are not compatible") == 0
    assert line_and_column(GOOD, GOOD.index("permit")) == (2, 1)
    assert line_and_column(GOOD, GOOD.index("when")) == (3, 3)
    assert line_and_column("", 0) == (1, 1)


@given(st.text(st.sampled_from('permit(;) "\\/\n{}@=é'), max_size=40))
def test_any_text_has_a_place(text: str) -> None:
    for one in statements(text):
        why = complaint(one.text)
        if why:
            assert 0 <= broken_at(one.text, why, complaint) < len(one.text)
