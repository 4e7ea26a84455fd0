import json

from ringfence.export.document import has, one_line, put, says_something


def test_members_by_path() -> None:
    document: dict = {}
    put(document, "a.b", 1)
    put(document, "e.0.x.y", 2)
    put(document, "e.0.z", 3)
    assert document == {"a": {"b": 1}, "e": [{"x": {"y": 2}, "z": 3}]}
    assert has(document, "a.b")
    assert not has(document, "a.c")
    assert not has(document, "a.b.c")


def test_what_says_nothing() -> None:
    assert [says_something(v) for v in ("", [], None, 0, False, "0")] == [False, False, False, True, True, True]


def test_json_stays_on_its_line_for_every_reader() -> None:
    text = "".join(map(chr, range(0x300))) + "\u2028\u2029\x85\U0001f600"
    line = one_line({"a": text})
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line) == {"a": text}
