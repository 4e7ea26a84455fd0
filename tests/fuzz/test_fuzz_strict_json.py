"""The strict pass against the plain, slow way to say the same."""

import json
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from ringfence.problem import Reason, Refused
from ringfence.strict_json import MAX_EXPONENT, MAX_NUMBER_CHARACTERS, parse

MAX_DEPTH = 6


class Members(list[tuple[str, Any]]):
    """An object as it stands."""


def number(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None
    if len(text) > MAX_NUMBER_CHARACTERS or abs(value.adjusted()) > MAX_EXPONENT:
        raise ValueError(text)
    return value


def constant(name: str) -> None:
    raise ValueError(name)


def depth(value: Any) -> int:
    inner = [member for _, member in value] if isinstance(value, Members) else value
    return 1 + max((depth(member) for member in inner), default=0) if isinstance(value, list) else 0


def plain(value: Any) -> Any:
    if isinstance(value, Members):
        if len({name for name, _ in value}) != len(value):
            raise Refused(Reason.JSON_DUPLICATE_KEY)
        return {name: plain(member) for name, member in value}
    return [plain(member) for member in value] if isinstance(value, list) else value


def slowly(body: bytes) -> Any:
    """Read JSON with the standard library and look at every member in Python."""
    try:
        document = json.loads(body.decode(), object_pairs_hook=Members, parse_float=number, parse_constant=constant)
        json.dumps(document, ensure_ascii=False, default=str).encode()  # a lone surrogate fails here
    except ValueError:
        raise Refused(Reason.JSON_MALFORMED) from None
    if depth(document) > MAX_DEPTH:
        raise Refused(Reason.JSON_TOO_DEEP)
    return plain(document)


def outcome(read: Callable[[bytes], Any], body: bytes) -> Any:
    """What comes of it, in a form that tells 1 from Decimal("1.0")."""
    try:
        return repr(read(body))
    except Refused as refused:
        return refused.reason


def quickly(body: bytes) -> Any:
    return parse(body, max_depth=MAX_DEPTH)


def agree(body: bytes) -> None:
    assert outcome(quickly, body) == outcome(slowly, body)


# Few characters, those that matter to the counting, so that names collide and quotes meet colons.
NASTY = st.text(st.sampled_from('ab":\\{}[], \n\0é\U0001f600/u0'), max_size=5)


@st.composite
def spelled(draw: st.DrawFn, value: str) -> str:
    """A string in one of the many ways to write it."""
    out = []
    for character in value:
        ways = [json.dumps(character)[1:-1]]
        if ord(character) < 0x10000:
            ways += [f"\\u{ord(character):04x}", f"\\u{ord(character):04X}"]
        if character >= " " and character not in '"\\':
            ways.append(character)
        if character == "/":
            ways.append("\\/")
        out.append(draw(st.sampled_from(ways)))
    return '"' + "".join(out) + '"'


SPACE = st.sampled_from(["", "", "", " ", "\n\t", "  \r"])
SCALARS = st.one_of(
    st.sampled_from(["null", "true", "false", "-0", "0.10", "1e5", "-1E-3", "1.0", "12345678901234567890123", "-0.0"]),
    st.integers().map(str),
    NASTY.flatmap(spelled),
)


def containers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    member = st.tuples(SPACE, NASTY.flatmap(spelled), SPACE, inner, SPACE).map(
        lambda m: f"{m[0]}{m[1]}{m[2]}:{m[4]}{m[3]}{m[4]}"
    )
    return st.one_of(
        st.tuples(st.lists(member, max_size=4), SPACE).map(lambda p: "{" + p[1] + ",".join(p[0]) + "}"),
        st.tuples(st.lists(inner, max_size=4), SPACE).map(lambda p: "[" + p[1] + f"{p[1]},".join(p[0]) + "]"),
    )


DOCUMENTS = st.recursive(SCALARS, containers, max_leaves=12)


@given(DOCUMENTS)
@example('{"a":"\\u0022:","a":":\\""}')
@example('{"a":["]","["],"a":1}')
def test_documents(text):
    agree(text.encode())


@given(DOCUMENTS, st.data())
def test_documents_with_a_change(text, data):
    body = bytearray(text.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(body)))
        cut = data.draw(st.integers(0, 3))
        body[at : at + cut] = data.draw(
            st.one_of(st.binary(max_size=3), st.sampled_from([b'"', b"\\", b":", b"{", b"]"]))
        )
    agree(bytes(body))


@given(st.text(st.sampled_from('"\\:{}[],a1 eE.-+0u\n'), max_size=40))
def test_texts_of_json_characters(text):
    agree(text.encode())


@given(st.binary(max_size=64))
def test_any_bytes(body):
    agree(body)


@given(st.text(st.sampled_from("0123456789.eE+-"), max_size=30))
def test_numbers(text):
    agree(text.encode())


@given(st.text(st.sampled_from("[]{}"), max_size=300))
def test_brackets(text):
    agree(text.encode())
