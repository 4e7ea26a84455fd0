import pytest

from ringfence.agents import LONGEST, agent_of

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        (BROWSER, "browser"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "crawler"),
        ("sqlmap/1.8#stable (https://sqlmap.org)", "tool"),
        ("python-requests/2.32.3", "library"),
        ("AlderPartner/4.1", "other"),
    ],
)
def test_the_class_is_what_the_header_says(header, kind):
    name, digits = agent_of(header)
    assert name == kind
    assert len(digits) == 12


def test_no_header_is_a_class_of_its_own():
    assert agent_of(None) == agent_of("") == ("none", "")


def test_equal_headers_are_one_and_the_text_is_not_told():
    assert agent_of(BROWSER) == agent_of(BROWSER)
    assert agent_of(BROWSER) != agent_of(BROWSER + " Edg/131.0.0.0")
    assert "Mozilla" not in "".join(agent_of(BROWSER))


def test_what_comes_after_the_first_characters_is_not_looked_at():
    assert agent_of("a" * LONGEST) == agent_of("a" * LONGEST + "b")
    assert agent_of("\ud800") != agent_of("\ud801")
