import pytest

from ringfence.policy.templates import InvalidTemplate, normalised, overlap, read_template


def test_segments() -> None:
    literal, whole, mixed, end = read_template("/a%2db/{id}/{x}.json/")
    assert (literal.literal, whole.names, mixed.names, mixed.pattern, end.literal) == (
        "a-b",
        ("id",),
        ("x",),
        r"(.+?)\.json",
        "",
    )


@pytest.mark.parametrize(
    "template",
    [
        "a",
        "/a?x=1",
        "/a#f",
        "/{a",
        "/a}",
        "/{}",
        "/{a}/{a}",
        "//a",
        "/a//b",
        "/a/../b",
        "/{a}{b}",
        "/{a}-{b}-{c}",
        "/a b",
        "/a\n",
    ],
)
def test_what_cannot_be_matched_is_refused(template: str) -> None:
    with pytest.raises(InvalidTemplate):
        read_template(template)


def test_only_unreserved_characters_are_decoded() -> None:
    assert normalised("%61%2f%2D%c3%a9%25") == "a%2F-%C3%A9%25"


@pytest.mark.parametrize(
    ("a", "b", "touch"),
    [
        ("/a/{x}", "/a/b", True),
        ("/a/{x}", "/{y}/b", True),
        ("/a/b", "/a/c", False),
        ("/a/{x}", "/a/{x}/c", False),
        ("/a/{x}.json", "/a/b.json", True),
        ("/a/{x}.json", "/a/b.xml", False),
        ("/a/", "/a/{x}", False),
    ],
)
def test_overlap(a: str, b: str, touch: bool) -> None:
    assert overlap(read_template(a), read_template(b)) is touch
    assert overlap(read_template(b), read_template(a)) is touch
