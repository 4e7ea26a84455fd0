import pytest

from ringfence.gateway.screening.leaves import fits, free_texts, path_to
from ringfence.policy.free_text import Texts, everything


def test_only_what_is_free_is_yielded_and_names_where_they_are_free() -> None:
    texts = Texts(free=False)
    texts.members["note"] = Texts()
    texts.members["code"] = Texts(free=False)
    texts.members["lines"] = Texts(free=False)
    texts.members["lines"].items = Texts()
    texts.members["more"] = Texts(free=False)
    texts.members["more"].others = Texts(free=False)
    instance = {"note": "a", "code": "b", "lines": ["c", 1, None], "more": {"$ne": 1}}
    assert [(path_to(place), text) for place, text in free_texts(instance, texts)] == [
        (("note",), "a"),
        (("lines", 0), "c"),
        (("more", "$ne"), "$ne"),
    ]


def test_of_what_nothing_is_known_everything_is_read() -> None:
    assert [text for _, text in free_texts({"a": [{"b": "c"}]}, everything())] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("asked", "path", "covered"),
    [
        ("/a/b", ("a", "b"), True),
        ("/a/*/b", ("a", 3, "b"), True),
        ("/a/**", ("a", "b", "c"), True),
        ("/a/**", ("b",), False),
        ("/a", ("a", "b"), False),
        ("/a/b", ("a",), False),
        ("/x~1y", ("x/y",), True),
        ("/**", ("anything",), True),
    ],
)
def test_exceptions_cover_places(asked: str, path: tuple[str | int, ...], covered: bool) -> None:
    assert fits(asked, path) is covered
