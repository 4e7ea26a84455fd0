from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.gateway.target import LONGEST_TARGET, read_target
from ringfence.problem import Reason, Refused


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (b"/", ("/", "")),
        (b"/a/b", ("/a/b", "")),
        (b"/a/b/", ("/a/b/", "")),
        (b"/a?", ("/a", "")),
        (b"/a?x=1&y", ("/a", "x=1&y")),
        (b"/a?x=/../%2f%5C", ("/a", "x=/../%2f%5C")),
        (b"/a?filter[date]=1", ("/a", "filter[date]=1")),
        (b"/a?a?b", ("/a", "a?b")),
        (b"/open-banking/v4.0/x", ("/open-banking/v4.0/x", "")),
        (b"/a/..b/c.d/e..", ("/a/..b/c.d/e..", "")),
        (b"/a/M%C3%BCller%20%26%20S%c3%b6hne", ("/a/M%C3%BCller%20%26%20S%c3%b6hne", "")),
        (b"/a/100%25", ("/a/100%25", "")),
        (b"/a/100%25%20", ("/a/100%25%20", "")),
        (b"/a/%7Euser", ("/a/%7Euser", "")),
        (b"/a/;id=5", ("/a/;id=5", "")),
        (b"/a/b;c", ("/a/b;c", "")),
        (b"/a:b@c,d=e", ("/a:b@c,d=e", "")),
    ],
)
def test_a_plain_target_is_read_as_it_stands(target, expected):
    assert read_target(target) == expected


@pytest.mark.parametrize(
    "path",
    [
        b"/a%2fb", b"/a%2Fb", b"/a%5cb", b"/a%5Cb", b"/a%00", b"/a%0a", b"/a%0d%0a", b"/a%7f", b"/a%09b",
        b"/a%252fb", b"/a%252Fb", b"/a%255cb", b"/a%252e%252e/b", b"/a%25252fb", b"/a%2500", b"/a%253Bb",
        b"/../a", b"/a/../b", b"/a/..", b"/a/.", b"/a/./b", b"/.", b"/..",
        b"/a/%2e%2e/b", b"/a/.%2e/b", b"/a/%2E./b", b"/a/%2e/b", b"/a/%2e",
        b"/a/..;/b", b"/a/..;x=1/b", b"/a/.;/b", b"/a/..%3b/b", b"/a%3bb",
        b"//a", b"/a//b", b"/a//", b"//",
        b"/a\\b", b"/a\\..\\b",
        b"/a%", b"/a%2", b"/a%zz", b"/a%u002f", b"/a%2gb",
        b"/a%c0%af", b"/a%c0%ae%c0%ae/b", b"/a%e0%80%af", b"/a%ff", b"/a%ed%a0%80", b"/a%f4%90%80%80",
        b"/a#b", b"/a%23#", b"/a b", b'/a"b', b"/a<b", b"/a[b]", b"/a|b", b"/a^b", b"/a`b", b"/a{b}",
        b"/a\x00b", b"/a\x01b", b"/a\rb", b"/a\nb", b"/a\tb", b"/a\x7fb", "/café".encode(), b"/a\xff",
        b"/%61dmin", b"/a%41", b"/a%30", b"/a%2d", b"/a%5f", b"/a%2ejson",
    ],
)  # fmt: skip
def test_a_path_that_can_be_read_two_ways_is_refused(path):
    with pytest.raises(Refused) as refused:
        read_target(path)
    assert refused.value.reason is Reason.UNSAFE_PATH


@pytest.mark.parametrize("target", [b"", b"a", b"*", b"http://bank.example/a", b"bank.example:443", b"?x", b"\\a"])
def test_only_a_path_is_a_target(target):
    with pytest.raises(Refused) as refused:
        read_target(target)
    assert refused.value.reason is Reason.MALFORMED_REQUEST


@pytest.mark.parametrize(
    "query", [b"a b", b"a#b", b"a%", b"a%g0", b"a%00", b"a%ff", b"a\\b", b'a"b', b"a<b", b"a\x00", b"a\n", b"\xc3\xa9"]
)
def test_a_malformed_query_is_refused(query):
    with pytest.raises(Refused) as refused:
        read_target(b"/a?" + query)
    assert refused.value.reason is Reason.MALFORMED_REQUEST


def test_a_long_target_is_refused_as_such():
    assert read_target(b"/" + b"a" * (LONGEST_TARGET - 1))
    with pytest.raises(Refused) as refused:
        read_target(b"/" + b"a" * LONGEST_TARGET)
    assert (refused.value.reason, refused.value.status) == (Reason.HEADERS_TOO_LARGE, 414)


PIECES = st.sampled_from(
    [
        b"/",
        b".",
        b"..",
        b"%",
        b"%2e",
        b"%2f",
        b"%25",
        b"25",
        b"2f",
        b";",
        b"\\",
        b"a",
        b"%c3",
        b"%a9",
        b"?",
        b"%00",
        b"~",
    ]
)


@given(st.lists(PIECES, max_size=12).map(b"".join) | st.binary(max_size=40))
def test_what_is_read_has_no_dot_segment_however_often_it_is_decoded(tail):
    try:
        path, query = read_target(b"/" + tail)
    except Refused:
        return
    assert (path + ("?" + query if query or tail.endswith(b"?") else "")).encode().rstrip(b"?") == (b"/" + tail).rstrip(
        b"?"
    )
    text = path
    for _ in range(4):
        segments = [segment.partition(";")[0] for segment in text.replace("\\", "/").split("/")]
        assert not {".", ".."} & set(segments)
        assert text.count("/") == path.count("/")
        assert "\x00" not in text
        text = unquote(text, errors="strict")
