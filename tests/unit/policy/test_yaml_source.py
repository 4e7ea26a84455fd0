import time

import pytest

from ringfence.policy.mistakes import PolicyMistakes
from ringfence.policy.yaml_source import MAX_DEPTH, Mark, read_yaml, resolve


def mistakes(raw: bytes) -> list[tuple[int, int, str]]:
    with pytest.raises(PolicyMistakes) as found:
        read_yaml(raw, "f")
    return [(m.line, m.column, m.message) for m in found.value.mistakes]


def test_every_value_and_key_has_its_place() -> None:
    source = read_yaml(b"a:\n  - b: 1\n    c: x\n", "f")
    assert source.data == {"a": [{"b": 1, "c": "x"}]}
    assert source.at(("a", 0, "c")) == Mark(3, 8)
    assert source.at(("a", 0, "c"), key=True) == Mark(3, 5)
    assert source.at(("a", 0, "missing")) == Mark(2, 5)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("NO", "NO"),
        ("2020-01-01", "2020-01-01"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("true", True),
        ("~", None),
        ("-3", -3),
        ("1.5e2", 150.0),
        (".inf", ".inf"),
        ("", None),
    ],
)
def test_words_mean_what_yaml_1_2_says(text: str, value: object) -> None:
    assert resolve(text) == value
    assert type(resolve(text)) is type(value)


def test_quotes_and_the_string_tag_keep_text() -> None:
    assert read_yaml(b'a: "1"\nb: !!str 2\n', "f").data == {"a": "1", "b": "2"}


def test_a_key_twice_is_told_at_each_place() -> None:
    assert [(line, column) for line, column, _ in mistakes(b"a: 1\nb: 2\na: 3\nb: 4\n")] == [(3, 1), (4, 1)]


@pytest.mark.parametrize("raw", [b"a: [", b"a: b: c", b"\xff\xfe\x00", b"a: \x00"])
def test_what_is_not_yaml_is_told(raw: bytes) -> None:
    assert "not YAML" in mistakes(raw)[0][2]


@pytest.mark.parametrize(
    "raw", [b"a: !!python/object:os.system x", b"!foo {a: 1}", b"? [1, 2]\n: x", b"a: 1\n---\nb: 2"]
)
def test_what_is_more_than_data_is_refused(raw: bytes) -> None:
    assert mistakes(raw)


def test_nesting_ends_early() -> None:
    started = time.perf_counter()
    assert "nest" in mistakes(b"[" * 200_000)[0][2], "ours or the parser's own end of nesting"
    assert time.perf_counter() - started < 5
    read_yaml(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, "f")


def test_aliases_are_counted_as_often_as_they_are_used() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    assert "too many values" in mistakes("\n".join(lines).encode())[0][2]
    assert read_yaml(b"a: &x {b: 1}\nc: *x\n", "f").data == {"a": {"b": 1}, "c": {"b": 1}}


def test_an_alias_inside_itself_is_refused() -> None:
    assert "refers to nothing" in mistakes(b"a: &x [*x]")[0][2]
