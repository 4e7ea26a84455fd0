import json

import pytest

from ringfence.protect.partner_bodies import NoSuchPlace, content_of_json, open_members, put, seal_members
from ringfence.protect.partner_keys import NotOpened


def sealing(content: bytes) -> str:
    return f"<{content.decode()}>"


def opening(text: str) -> bytes:
    return text[1:-1].encode()


@pytest.mark.parametrize(
    ("paths", "body", "sealed"),
    [
        ({"$": "$"}, {"a": 1}, {"v": '<{"a":1}>'}),
        ({"a": "b"}, {"a": {"x": 1}, "c": 2}, {"b": {"v": '<{"x":1}>'}, "c": 2}),
        ({"a.b": "a.c"}, {"a": {"b": "text", "d": 1}}, {"a": {"c": {"v": "<text>"}, "d": 1}}),
        ({"a": "b", "x.y": "z"}, {"c": 1}, {"c": 1}),
        ({"a": "a"}, {"a": [1, 2]}, {"a": {"v": "<[1,2]>"}}),
    ],
)
def test_members_are_sealed_where_the_paths_say_and_opened_again(paths: dict, body: dict, sealed: dict) -> None:
    before = json.dumps(body)
    assert seal_members(body, paths, "v", sealing) == sealed
    assert json.dumps(body) == before
    if "c" not in body or "b" in sealed:
        back = {target: path for path, target in paths.items()}
        assert open_members(sealed, back, "v", opening) == body


def test_what_is_not_sealed_where_it_must_be_is_refused() -> None:
    for body in ({}, {"b": 1}, {"b": {}}, {"b": {"v": 1}}, {"b": []}):
        with pytest.raises(NotOpened):
            open_members(body, {"b": "a"}, "v", opening)


def test_a_content_has_one_meaning_and_the_root_takes_objects_only() -> None:
    assert content_of_json(b"plain") == "plain"
    assert (
        content_of_json(b'{"a":1,"a":2}') == '{"a":1,"a":2}'
    )  # a text, and no object that two readers read differently
    with pytest.raises(NotOpened):
        content_of_json(b"\xff")
    with pytest.raises(NotOpened):
        put({}, "$", "text")
    tree: dict = {"a": {"b": 1}}
    put(tree, "a", {"c": 2})
    assert tree == {"a": {"b": 1, "c": 2}}
    with pytest.raises(NoSuchPlace):
        put({"a": 1}, "a.b", 2)
