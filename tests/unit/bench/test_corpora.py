import pytest

from bench import corpora


def test_strings_are_found_wherever_they_stand() -> None:
    value = {"a": ["b", {"c": "d"}], "e": 1}
    assert list(corpora.strings(value)) == ["b", "d"]
    assert list(corpora.strings(value, names=True)) == ["a", "b", "c", "d", "e"]


def test_arguments_come_from_the_address_and_every_kind_of_body() -> None:
    json = {"uri": "/p?q=x", "data": '{"a": "y"}', "headers": {"Content-Type": "application/json"}}
    assert corpora._arguments(json) == ["q", "x", "a", "y"]
    assert corpora._arguments({"data": "a=1%27"}) == ["a", "1'"]


def test_the_outside_texts_are_read() -> None:
    if not corpora.SHARED.is_dir():
        pytest.skip("the outside texts in ../shared are absent")
    assert len(corpora.sentences()) > 5000
    assert len(list(corpora.json_requests())) > 50
